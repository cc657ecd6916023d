import { type Endpoint, endpointHost, endpointPort } from "@seedfleet/bytes";
import {
  INTERVAL_MS_DEFAULT,
  INTERVAL_MS_MAX,
  INTERVAL_MS_MIN,
  TRACKER_TEXT_LENGTH_MAX,
} from "./announce-limits.ts";

/** Where a peer listens: an IP address as text, and a port. Hearsay, which nobody has checked. */
export type PeerAddress = { readonly host: string; readonly port: number };

/** What a tracker says to an announce that it takes. */
export type TrackerReply = {
  readonly kind: "reply";
  readonly peers: readonly PeerAddress[];
  readonly intervalMs: number;
  /** Null where the tracker names none. */
  readonly minIntervalMs: number | null;
  readonly seeders: number | null;
  readonly leechers: number | null;
  readonly trackerId: Uint8Array | null;
  readonly warning: string | null;
};

/** The tracker's own word that it does not take the announce. */
export type TrackerRefusal = {
  readonly kind: "refusal";
  readonly reason: string;
  /** BEP 31: when to come again, or not at all; null where the tracker does not say. */
  readonly retryInMs: number | "never" | null;
};

/** An answer that is none. */
export type AnswerViolation = {
  readonly kind: "violation";
  readonly code: "answer-too-long" | "answer-not-bencoded" | "udp-answer-invalid";
};

export type AnnounceAnswer = TrackerReply | TrackerRefusal | AnswerViolation;

const CONTROL_CHARACTERS = /\p{Cc}/gu;

/** A stranger's text that ends up in logs and on screens: short, and without control characters. */
export function shownText(text: string): string {
  const plain = text.replaceAll(CONTROL_CHARACTERS, "\u{fffd}");
  return plain.slice(0, TRACKER_TEXT_LENGTH_MAX).toWellFormed();
}

/** The interval of a reply, within bounds; the minimum is never above it. */
export function intervalsOf(
  seconds: number | null,
  minSeconds: number | null,
): Pick<TrackerReply, "intervalMs" | "minIntervalMs"> {
  const minIntervalMs = minSeconds === null || minSeconds <= 0 ? null : boundedMs(minSeconds);
  const saidMs = seconds === null ? INTERVAL_MS_DEFAULT : boundedMs(seconds);
  return { intervalMs: Math.max(saidMs, minIntervalMs ?? 0), minIntervalMs };
}

/** As many milliseconds, within what we let a tracker ask for. */
export function boundedMs(seconds: number): number {
  return Math.min(Math.max(seconds * 1_000, INTERVAL_MS_MIN), INTERVAL_MS_MAX);
}

/**
 * Whether a reply shows that nobody else is there. Some trackers take every torrent and tell a
 * client of itself, so one peer is nobody where the tracker counts no other.
 */
export function knowsNobody({ peers, seeders, leechers }: TrackerReply): boolean {
  if (peers.length === 0) return true;
  return peers.length === 1 && seeders !== null && leechers !== null && seeders + leechers <= 1;
}

export function peerAddress(endpoint: Endpoint): PeerAddress {
  return { host: endpointHost(endpoint), port: endpointPort(endpoint) };
}
