import { BACKOFF_MS_MAX, BACKOFF_MS_MIN } from "./announce-limits.ts";
import type { Chance } from "./chance.ts";
import type { TrackerUrl } from "./tracker-url.ts";

/** `given-up`: it said that it is never to be asked again (BEP 31). */
export type TrackerState = "unasked" | "asking" | "answering" | "failing" | "given-up";

/** One tracker of a torrent, and what is known of it. */
export class TrackerEntry {
  readonly url: TrackerUrl;
  readonly tier: number;
  state: TrackerState = "unasked";
  /** What it or the way to it said last; null while all is well. */
  reason: string | null = null;
  seeders: number | null = null;
  leechers: number | null = null;
  trackerId: Uint8Array | null = null;
  /** Not asked before, be it for its minimum interval or because it failed. */
  notBeforeMs: number;
  /** When it wants to hear of a seed again: the end of its interval. */
  dueAtMs = 0;
  /** Whether it took an announce, so that it has us in its list. */
  isTold = false;
  /** Whether it has heard of the end of the download, or never of its beginning. */
  knowsEnd = false;
  #failures = 0;

  constructor(url: TrackerUrl, tier: number, nowMs: number) {
    this.url = url;
    this.tier = tier;
    this.notBeforeMs = nowMs;
  }

  mayBeAsked(nowMs: number): boolean {
    return this.state !== "given-up" && this.notBeforeMs <= nowMs;
  }

  answered({ soonestAtMs, dueAtMs }: { readonly soonestAtMs: number; dueAtMs: number }): void {
    this.state = "answering";
    this.isTold = true;
    this.notBeforeMs = soonestAtMs;
    this.dueAtMs = dueAtMs;
    this.#failures = 0;
  }

  /** `retryInMs` as the tracker asks for, or null. */
  failed(retryInMs: number | "never" | null, chance: Chance, nowMs: number): void {
    this.state = retryInMs === "never" ? "given-up" : "failing";
    this.#failures += 1;
    if (retryInMs === "never") return;
    this.notBeforeMs = nowMs + (retryInMs ?? backoffMs(this.#failures, chance));
  }
}

const JITTER_STEPS = 512;

/**
 * How long to leave a tracker alone that failed so often in a row: longer each time, and a quarter
 * more or less, so that a crowd does not come back at once to one that was away.
 */
export function backoffMs(failures: number, chance: Chance): number {
  const doublings = Math.min(failures - 1, 32);
  const aboutMs = Math.min(BACKOFF_MS_MIN * 2 ** doublings, BACKOFF_MS_MAX);
  return Math.round(aboutMs * (0.75 + chance.below(JITTER_STEPS) / JITTER_STEPS / 2));
}
