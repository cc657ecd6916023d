import assert from "node:assert/strict";

/**
 * Which pieces of a torrent are there, one bit each, the high bit of the first byte being piece 0
 * (BEP 3). Bits past the last piece are always zero, and `count` is always the number of ones.
 */
export class Bitfield {
  readonly pieceCount: number;
  readonly #bytes: Uint8Array;
  #count: number;

  private constructor(pieceCount: number, bytes: Uint8Array, count: number) {
    this.pieceCount = pieceCount;
    this.#bytes = bytes;
    this.#count = count;
  }

  static empty(pieceCount: number): Bitfield {
    return new Bitfield(pieceCount, new Uint8Array(bitfieldBytes(pieceCount)), 0);
  }

  static full(pieceCount: number): Bitfield {
    const bytes = new Uint8Array(bitfieldBytes(pieceCount)).fill(0xff);
    const last = bytes.length - 1;
    if (last >= 0) bytes[last] = lastByteMask(pieceCount);
    return new Bitfield(pieceCount, bytes, pieceCount);
  }

  /** A peer's bitfield. Null when its length is wrong or a spare bit is set (BEP 3: drop it). */
  static parse(bytes: Uint8Array, pieceCount: number): Bitfield | null {
    if (bytes.length !== bitfieldBytes(pieceCount)) return null;
    const last = bytes[bytes.length - 1] ?? 0;
    if ((last & ~lastByteMask(pieceCount)) !== 0) return null;
    return new Bitfield(pieceCount, new Uint8Array(bytes), countOnes(bytes));
  }

  /** How many pieces are there. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.pieceCount;
  }

  has(piece: number): boolean {
    return piece >= 0 && piece < this.pieceCount && (this.#byte(piece) & bitOf(piece)) !== 0;
  }

  /** The first piece from `piece` on that is there, or null. */
  next(piece: number): number | null {
    const bytes = this.#bytes;
    let at = piece >>> 3;
    let rest = (bytes[at] ?? 0) & (0xff >>> (piece & 7));
    while (rest === 0) {
      at += 1;
      if (at >= bytes.length) return null;
      rest = bytes[at] ?? 0;
    }
    return at * 8 + Math.clz32(rest) - 24;
  }

  /** True when the piece was not there before. */
  add(piece: number): boolean {
    assert(piece >= 0 && piece < this.pieceCount);
    const before = this.#byte(piece);
    const after = before | bitOf(piece);
    if (after === before) return false;
    this.#bytes[piece >>> 3] = after;
    this.#count += 1;
    return true;
  }

  /** True when the piece was there before. */
  remove(piece: number): boolean {
    if (!this.has(piece)) return false;
    this.#bytes[piece >>> 3] = this.#byte(piece) & ~bitOf(piece);
    this.#count -= 1;
    return true;
  }

  /** Those that are there, in order. */
  *pieces(): Generator<number, void, void> {
    for (let at = this.next(0); at !== null; at = this.next(at + 1)) yield at;
  }

  /** A copy, as the `bitfield` message carries it. */
  toBytes(): Uint8Array {
    return this.#bytes.slice();
  }

  #byte(piece: number): number {
    return this.#bytes[piece >>> 3] ?? 0;
  }
}

/** The length of the bitfield of so many pieces. */
export function bitfieldBytes(pieceCount: number): number {
  return Math.ceil(pieceCount / 8);
}

function bitOf(piece: number): number {
  return 0x80 >>> (piece & 7);
}

function lastByteMask(pieceCount: number): number {
  const used = pieceCount % 8;
  return used === 0 ? 0xff : (0xff << (8 - used)) & 0xff;
}

function countOnes(bytes: Uint8Array): number {
  let ones = 0;
  for (let byte of bytes) {
    for (; byte !== 0; byte &= byte - 1) ones += 1;
  }
  return ones;
}
