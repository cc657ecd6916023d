/** What is newer weighs more; after some three of these what was before is forgotten. */
const AVERAGE_MS = 2_000;

/** While the rate grows by this much in a tick, the queue may grow with every block. */
const GROWTH_MIN = 1.1;

/** How fast one source sends, as its request queue follows it. */
export class DownloadRate {
  #tickedAtMs: number;
  #bytesInTick = 0;
  #totalBytes = 0;
  #bytesPerSecond = 0;
  #isStarting = true;
  /** Since when something is asked for. */
  begunAtMs: number;

  constructor(nowMs: number) {
    this.#tickedAtMs = nowMs;
    this.begunAtMs = nowMs;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** Whether the rate is not known yet. */
  get isStarting(): boolean {
    return this.#isStarting;
  }

  /** From now on it is waited for. */
  begin(nowMs: number): void {
    this.begunAtMs = nowMs;
  }

  received(bytes: number): void {
    this.#bytesInTick += bytes;
    this.#totalBytes += bytes;
  }

  /** To be called about once a second. */
  tick(nowMs: number): void {
    const elapsedMs = nowMs - this.#tickedAtMs;
    if (elapsedMs <= 0) return;
    const rate = (this.#bytesInTick * 1_000) / elapsedMs;
    if (this.#bytesInTick > 0) {
      this.#isStarting = this.#isStarting && rate > this.#bytesPerSecond * GROWTH_MIN;
    }
    const weight = 1 - Math.exp(-elapsedMs / AVERAGE_MS);
    this.#bytesPerSecond += (rate - this.#bytesPerSecond) * weight;
    this.#tickedAtMs = nowMs;
    this.#bytesInTick = 0;
  }
}
