import type { AnnounceAnswer, AnnounceFailure } from "@seedfleet/announce";
import { errorCode } from "@seedfleet/runtime";
import { ADDRESS_NOT_ALLOWED } from "../outbound/allowed-lookup.ts";
import { whyUnreachable } from "../outbound/why-unreachable.ts";

/** No answer of the tracker's: it cannot be reached, or is no tracker. */
export type TrackerAway = {
  readonly kind: "away";
  readonly code: "timed-out" | "unreachable" | "address-not-allowed" | "no-tracker" | "stopped";
  /** For people; names no URL. */
  readonly reason: string;
};

export type AnnounceOutcome = AnnounceAnswer | TrackerAway;

const VIOLATIONS = {
  "answer-too-long": "its answer is too long",
  "answer-not-bencoded": "its answer is none of a tracker",
  "udp-answer-invalid": "its answer is none of a tracker",
} as const;

export function away(code: TrackerAway["code"], reason: string): TrackerAway {
  return { kind: "away", code, reason };
}

/** What an error of the system says; its message may name a URL, so only its code is told. */
export function awayBy(error: unknown): TrackerAway {
  const code = errorCode(error) ?? "unknown";
  if (code === ADDRESS_NOT_ALLOWED) return NOT_ALLOWED;
  return away("unreachable", whyUnreachable(code));
}

export const NOT_ALLOWED: TrackerAway = away(
  "address-not-allowed",
  "its address is not one this gateway goes to",
);

/** What the tiers are told of an outcome that is no reply. */
export function failureOf(outcome: Exclude<AnnounceOutcome, { kind: "reply" }>): AnnounceFailure {
  if (outcome.kind === "refusal") return outcome;
  const reason = outcome.kind === "away" ? outcome.reason : VIOLATIONS[outcome.code];
  return { reason, retryInMs: null };
}
