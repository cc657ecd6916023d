import assert from "node:assert/strict";

export const SIP_KEY_BYTES = 16;

/**
 * SipHash-2-4, a keyed hash of 64 bits, of messages that are whole blocks of 8 bytes. Each 64-bit
 * number is two of 32, since a `bigint` would be an object; one hash takes some 100 ns and makes
 * nothing. (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.)
 */
export class SipHash {
  readonly #key: Int32Array;
  #low = 0;
  #high = 0;
  #v0 = 0;
  #v0High = 0;
  #v1 = 0;
  #v1High = 0;
  #v2 = 0;
  #v2High = 0;
  #v3 = 0;
  #v3High = 0;

  constructor(key: Uint8Array) {
    assert(key.length === SIP_KEY_BYTES);
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    this.#key = Int32Array.from([0, 4, 8, 12], (at) => view.getInt32(at, true));
  }

  /** The low half of the last hash, as a signed number. */
  get low(): number {
    return this.#low;
  }

  get high(): number {
    return this.#high;
  }

  /** Hashes the first `count` words, an even number of them, least significant byte first. */
  hash(words: Int32Array, count: number): void {
    const [key0 = 0, key0High = 0, key1 = 0, key1High = 0] = this.#key;
    this.#v0 = key0 ^ 0x70736575;
    this.#v0High = key0High ^ 0x736f6d65;
    this.#v1 = key1 ^ 0x6e646f6d;
    this.#v1High = key1High ^ 0x646f7261;
    this.#v2 = key0 ^ 0x6e657261;
    this.#v2High = key0High ^ 0x6c796765;
    this.#v3 = key1 ^ 0x79746573;
    this.#v3High = key1High ^ 0x74656462;
    for (let at = 0; at < count; at += 2) {
      this.#block(words[at] as number, words[at + 1] as number);
    }
    this.#block(0, count << 26);
    this.#v2 ^= 0xff;
    this.#rounds(4);
    this.#low = this.#v0 ^ this.#v1 ^ this.#v2 ^ this.#v3;
    this.#high = this.#v0High ^ this.#v1High ^ this.#v2High ^ this.#v3High;
  }

  #block(low: number, high: number): void {
    this.#v3 ^= low;
    this.#v3High ^= high;
    this.#rounds(2);
    this.#v0 ^= low;
    this.#v0High ^= high;
  }

  /** In local variables, which stay in registers. A carry shows in a sum below its summand. */
  #rounds(count: number): void {
    let [a, aHigh, b, bHigh] = [this.#v0, this.#v0High, this.#v1, this.#v1High];
    let [c, cHigh, d, dHigh] = [this.#v2, this.#v2High, this.#v3, this.#v3High];
    let held = 0;
    for (let round = 0; round < count; round += 1) {
      a = (a + b) | 0;
      aHigh = (aHigh + bHigh + (a >>> 0 < b >>> 0 ? 1 : 0)) | 0;
      c = (c + d) | 0;
      cHigh = (cHigh + dHigh + (c >>> 0 < d >>> 0 ? 1 : 0)) | 0;
      held = (b << 13) | (bHigh >>> 19);
      bHigh = ((bHigh << 13) | (b >>> 19)) ^ aHigh;
      b = held ^ a;
      held = (d << 16) | (dHigh >>> 16);
      dHigh = ((dHigh << 16) | (d >>> 16)) ^ cHigh;
      d = held ^ c;
      held = a;
      a = aHigh;
      aHigh = held;
      c = (c + b) | 0;
      cHigh = (cHigh + bHigh + (c >>> 0 < b >>> 0 ? 1 : 0)) | 0;
      a = (a + d) | 0;
      aHigh = (aHigh + dHigh + (a >>> 0 < d >>> 0 ? 1 : 0)) | 0;
      held = (b << 17) | (bHigh >>> 15);
      bHigh = ((bHigh << 17) | (b >>> 15)) ^ cHigh;
      b = held ^ c;
      held = (d << 21) | (dHigh >>> 11);
      dHigh = ((dHigh << 21) | (d >>> 11)) ^ aHigh;
      d = held ^ a;
      held = c;
      c = cHigh;
      cHigh = held;
    }
    this.#v0 = a;
    this.#v0High = aHigh;
    this.#v1 = b;
    this.#v1High = bHigh;
    this.#v2 = c;
    this.#v2High = cHigh;
    this.#v3 = d;
    this.#v3High = dHigh;
  }
}
