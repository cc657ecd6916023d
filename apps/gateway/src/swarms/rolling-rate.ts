/** BEP 3: rates are averages over the last twenty seconds. */
const WINDOW_MS = 20_000;

/** The rate to or from one peer, as a rolling average of 20 s over samples of its byte total. */
export class RollingRate {
  #samples: { readonly atMs: number; readonly totalBytes: number }[];

  constructor(startedAtMs: number) {
    this.#samples = [{ atMs: startedAtMs, totalBytes: 0 }];
  }

  /** Notes the total sent so far, and gives bytes per second over the window that ends now. */
  sample(totalBytes: number, nowMs: number): number {
    // The oldest sample that is kept is the last one before the window, so the window is covered.
    const inWindow = this.#samples.findLastIndex((each) => nowMs - each.atMs >= WINDOW_MS);
    if (inWindow > 0) this.#samples.splice(0, inWindow);
    this.#samples.push({ atMs: nowMs, totalBytes });
    const oldest = this.#samples[0];
    if (oldest === undefined || oldest.atMs >= nowMs) return 0;
    // What the socket still holds counts its headers too, so the total may fall by a little.
    return (Math.max(0, totalBytes - oldest.totalBytes) * 1_000) / (nowMs - oldest.atMs);
  }
}
