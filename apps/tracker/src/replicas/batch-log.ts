import { setBatchAge } from "./delta-batch.ts";

export type BatchLogConfig = {
  /** Batches are kept for replicas that missed some, up to so many bytes … */
  readonly bytesMax: number;
  /** … and no longer than this. */
  readonly ageMsMax: number;
};

type Kept = { readonly batch: Uint8Array; readonly atMs: number };

/** The batches that this tracker sent lately, by number, for whoever was cut off meanwhile. */
export class BatchLog {
  readonly #config: BatchLogConfig;
  readonly #kept = new Map<number, Kept>();
  #bytes = 0;
  #last = 0;

  constructor(config: BatchLogConfig) {
    this.#config = config;
  }

  /** The number of the batch that was added last; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The number that the next batch is to have. */
  get next(): number {
    return this.#last + 1;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps the next batch. */
  add(batch: Uint8Array, nowMs: number): void {
    this.#last += 1;
    this.#kept.set(this.#last, { batch, atMs: nowMs });
    this.#bytes += batch.length;
    this.#forget(nowMs);
  }

  /**
   * Leaves a number out: announces were not written down for a while, since nobody was there to be
   * told. Whoever was there before notices, and asks for a snapshot.
   */
  skip(): void {
    this.#last += 1;
  }

  /** Copies of batches with their age, in order; it ends early at one that is not here any more. */
  *replay(from: number, to: number, nowMs: number): Generator<Uint8Array> {
    for (let sequence = from; sequence <= to; sequence += 1) {
      const kept = this.#kept.get(sequence);
      if (kept === undefined) return;
      const copy = kept.batch.slice();
      setBatchAge(copy, nowMs - kept.atMs);
      yield copy;
    }
  }

  /** Whether all of them are here. */
  has(from: number, to: number): boolean {
    for (let sequence = from; sequence <= to; sequence += 1) {
      if (!this.#kept.has(sequence)) return false;
    }
    return from <= to;
  }

  #forget(nowMs: number): void {
    for (const [sequence, { batch, atMs }] of this.#kept) {
      const { bytesMax, ageMsMax } = this.#config;
      if (this.#bytes <= bytesMax && nowMs - atMs <= ageMsMax) return;
      this.#kept.delete(sequence);
      this.#bytes -= batch.length;
    }
  }
}
