import assert from "node:assert/strict";

const NONE = -1;

/**
 * Slots from the oldest to the newest, and their bytes. Links are arrays by slot, made once, so
 * that a slot enters and leaves, from anywhere, in O(1) and without an allocation.
 */
export class SlotQueue {
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  /** What a slot holds; 0 while it is not in this queue. */
  readonly #bytes: Float64Array;
  #newest = NONE;
  #oldest = NONE;
  #length = 0;
  #byteLength = 0;

  constructor(slotsMax: number) {
    this.#newer = new Int32Array(slotsMax).fill(NONE);
    this.#older = new Int32Array(slotsMax).fill(NONE);
    this.#bytes = new Float64Array(slotsMax);
  }

  get length(): number {
    return this.#length;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  get oldest(): number | null {
    return this.#oldest === NONE ? null : this.#oldest;
  }

  has(slot: number): boolean {
    return this.bytesOf(slot) > 0;
  }

  bytesOf(slot: number): number {
    return this.#bytes[slot] ?? 0;
  }

  /** The next newer slot; null after the newest. */
  newerThan(slot: number): number | null {
    const newer = this.#newer[slot] ?? NONE;
    return newer === NONE ? null : newer;
  }

  /** Adds a slot as the newest. */
  push(slot: number, bytes: number): void {
    assert(slot >= 0 && slot < this.#bytes.length && Number.isInteger(slot), `no slot ${slot}`);
    assert(bytes > 0 && Number.isSafeInteger(bytes), `a piece has no ${bytes} bytes`);
    assert(!this.has(slot), `slot ${slot} is queued already`);
    this.#bytes[slot] = bytes;
    this.#older[slot] = this.#newest;
    this.#newer[slot] = NONE;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
    this.#length += 1;
    this.#byteLength += bytes;
  }

  /** Takes a slot out; gives its bytes, 0 if it was not here. */
  remove(slot: number): number {
    const bytes = this.bytesOf(slot);
    if (bytes === 0) return 0;
    const newer = this.#newer[slot] ?? NONE;
    const older = this.#older[slot] ?? NONE;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    this.#bytes[slot] = 0;
    this.#length -= 1;
    this.#byteLength -= bytes;
    return bytes;
  }

  /** Makes a slot of this queue its newest. */
  renew(slot: number): void {
    this.push(slot, this.remove(slot));
  }
}
