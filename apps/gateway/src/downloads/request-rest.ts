/** After a request that it refused a peer is left alone for so long, and longer each time. */
const REST_MS = 1_000;
const REST_MS_MAX = 60_000;

/** So often in a row who lets us ask and chokes us before a block comes is asked again at once. */
export const CHOKES_IN_VAIN_MAX = 3;

/**
 * How long one peer is left alone that lets us ask and then refuses, or chokes again: asking on at
 * once would go round in circles. Sans-IO.
 */
export class RequestRest {
  #untilMs = 0;
  /** In a row, as all that follows: a block ends it. */
  #rests = 0;
  #chokesInVain = 0;

  isResting(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** It refused what it was asked for, or said nothing of it. */
  refused(nowMs: number): void {
    // All that were under way may be refused at once.
    if (this.isResting(nowMs)) return;
    this.#rests += 1;
    const restMs = REST_MS * 2 ** Math.min(10, this.#rests - 1);
    this.#untilMs = nowMs + Math.min(REST_MS_MAX, restMs);
  }

  /** It chokes us, and was asked for something. */
  chokedInVain(nowMs: number): void {
    this.#chokesInVain += 1;
    if (this.#chokesInVain > CHOKES_IN_VAIN_MAX) this.refused(nowMs);
  }

  /** A block came that it was asked for. */
  gaveBlock(): void {
    this.#rests = 0;
    this.#chokesInVain = 0;
  }
}
