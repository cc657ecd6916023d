import type { LimitDemand } from "./split-limit.ts";

/** A little more than was used, so that a part that grows is seen to grow. */
const HEADROOM = 1.04;

/** What one interval of use says about how much of a shared limit is wanted. */
export class DemandMeter {
  /** Since the start. */
  totalBytes = 0;
  #beganAtMs: number;
  #sentBytes = 0;
  #activePeers = 0;
  #heldBackMs = 0;
  #heldBackSinceMs: number | null = null;

  constructor(nowMs: number) {
    this.#beganAtMs = nowMs;
  }

  /** `isFirst` of a peer's bytes since the demand was read. */
  sent(bytes: number, isFirst: boolean): void {
    this.#sentBytes += bytes;
    this.totalBytes += bytes;
    if (isFirst) this.#activePeers += 1;
  }

  /** Somebody waits for nothing but the limit. */
  heldBack(nowMs: number): void {
    this.#heldBackSinceMs ??= nowMs;
  }

  /** Nobody waits for the limit any more. */
  released(nowMs: number): void {
    if (this.#heldBackSinceMs === null) return;
    this.#heldBackMs += Math.max(0, nowMs - this.#heldBackSinceMs);
    this.#heldBackSinceMs = null;
  }

  /** The demand since the last time this was asked, and begins anew. */
  read(nowMs: number): LimitDemand {
    const wasHeldBack = this.#heldBackSinceMs !== null;
    this.released(nowMs);
    const elapsedMs = Math.max(1, nowMs - this.#beganAtMs);
    const usedBytesPerSecond = (this.#sentBytes * 1_000) / elapsedMs;
    const demand = {
      // Whoever waited most of the time would have taken more, and nobody knows how much.
      wantedBytesPerSecond:
        this.#heldBackMs > elapsedMs / 2 ? Number.POSITIVE_INFINITY : usedBytesPerSecond * HEADROOM,
      activePeers: this.#activePeers,
    };
    this.#beganAtMs = nowMs;
    this.#sentBytes = 0;
    this.#activePeers = 0;
    this.#heldBackMs = 0;
    if (wasHeldBack) this.heldBack(nowMs);
    return demand;
  }
}
