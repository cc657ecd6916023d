import assert from "node:assert/strict";

const NONE = -1;

/** Keys are consecutive where pieces are; these odd factors spread them over the buckets. */
const LOW_FACTOR = 0x9e3779b1;
const HIGH_FACTOR = 0x85ebca6b;

const UINT32_VALUES = 2 ** 32;

/**
 * The keys of pieces that were forgotten lately, without the pieces: as many as would fill
 * `bytesMax`, and no more than `keysMax`. A ring in the order of forgetting and a hash table
 * chained over it, both made once.
 */
export class GhostKeys {
  readonly #bytesMax: number;
  readonly #keys: Float64Array;
  /** 0 where the ring's entry was taken out. */
  readonly #bytes: Float64Array;
  readonly #nextInBucket: Int32Array;
  readonly #buckets: Int32Array;
  #oldest = 0;
  /** Entries of the ring in use, from the oldest on. */
  #used = 0;
  #byteLength = 0;

  constructor({ bytesMax, keysMax }: { readonly bytesMax: number; readonly keysMax: number }) {
    this.#bytesMax = bytesMax;
    this.#keys = new Float64Array(keysMax);
    this.#bytes = new Float64Array(keysMax);
    this.#nextInBucket = new Int32Array(keysMax);
    this.#buckets = new Int32Array(2 ** Math.ceil(Math.log2(keysMax + 1))).fill(NONE);
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Remembers a key as the latest; the oldest ones make room for it. */
  add(key: number, bytes: number): void {
    assert(bytes > 0);
    this.take(key);
    if (bytes > this.#bytesMax) return;
    const full = this.#keys.length;
    while (this.#used === full || this.#byteLength + bytes > this.#bytesMax) this.#dropOldest();
    const entry = (this.#oldest + this.#used) % full;
    const bucket = this.#bucketOf(key);
    this.#keys[entry] = key;
    this.#bytes[entry] = bytes;
    this.#nextInBucket[entry] = this.#buckets[bucket] ?? NONE;
    this.#buckets[bucket] = entry;
    this.#used += 1;
    this.#byteLength += bytes;
  }

  /** True when the key was remembered; it is not any more. */
  take(key: number): boolean {
    const bucket = this.#bucketOf(key);
    let before = NONE;
    for (let entry = this.#buckets[bucket] ?? NONE; entry !== NONE; ) {
      const next = this.#nextInBucket[entry] ?? NONE;
      if (this.#keys[entry] === key) {
        if (before === NONE) this.#buckets[bucket] = next;
        else this.#nextInBucket[before] = next;
        this.#byteLength -= this.#bytes[entry] ?? 0;
        this.#bytes[entry] = 0;
        return true;
      }
      before = entry;
      entry = next;
    }
    return false;
  }

  #dropOldest(): void {
    const entry = this.#oldest;
    if ((this.#bytes[entry] ?? 0) > 0) this.take(this.#keys[entry] ?? 0);
    this.#oldest = (entry + 1) % this.#keys.length;
    this.#used -= 1;
  }

  #bucketOf(key: number): number {
    const low = Math.imul(key >>> 0, LOW_FACTOR);
    const high = Math.imul(Math.floor(key / UINT32_VALUES), HIGH_FACTOR);
    const mixed = low ^ high;
    return (mixed ^ (mixed >>> 15)) & (this.#buckets.length - 1);
  }
}
