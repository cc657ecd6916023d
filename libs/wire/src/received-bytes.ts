/**
 * The bytes received and not yet taken, in order.
 *
 * Reads are joined only when `join` is asked for, so a long message that comes in many small
 * pieces is copied once, not once a piece. The common case, one read that holds whole messages,
 * copies nothing.
 */
export class ReceivedBytes {
  #reads: Uint8Array[] = [];
  #offset = 0;
  #byteLength = 0;

  /** How many bytes are there. */
  get byteLength(): number {
    return this.#byteLength;
  }

  append(read: Uint8Array): void {
    if (read.length === 0) return;
    this.#reads.push(read);
    this.#byteLength += read.length;
  }

  /** The first `count` bytes as one view; there must be that many. */
  peek(count: number): Uint8Array {
    const first = this.#reads[0];
    if (first !== undefined && first.length - this.#offset >= count) {
      return first.subarray(this.#offset, this.#offset + count);
    }
    return this.#joined().subarray(0, count);
  }

  /** The big-endian number in the first four bytes; there must be four. */
  peekUint32(): number {
    let first = this.#reads[0];
    if (first === undefined || first.length - this.#offset < 4) first = this.#joined();
    return uint32At(first, this.#offset);
  }

  /** Takes the first `count` bytes away; there must be that many. */
  drop(count: number): void {
    this.#byteLength -= count;
    this.#offset += count;
    let first = this.#reads[0];
    while (first !== undefined && this.#offset >= first.length) {
      this.#offset -= first.length;
      this.#reads.shift();
      first = this.#reads[0];
    }
  }

  /** Takes everything away and gives it as one view. */
  takeAll(): Uint8Array {
    const all = this.#joined().subarray(this.#offset);
    this.#reads = [];
    this.#offset = 0;
    this.#byteLength = 0;
    return all;
  }

  #joined(): Uint8Array {
    const joined = new Uint8Array(this.#byteLength);
    let end = 0;
    for (const [index, read] of this.#reads.entries()) {
      const rest = index === 0 ? read.subarray(this.#offset) : read;
      joined.set(rest, end);
      end += rest.length;
    }
    this.#reads = joined.length === 0 ? [] : [joined];
    this.#offset = 0;
    return joined;
  }
}

/** A big-endian number of 32 bits, never negative. */
export function uint32At(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] ?? 0) << 24) |
      ((bytes[offset + 1] ?? 0) << 16) |
      ((bytes[offset + 2] ?? 0) << 8) |
      (bytes[offset + 3] ?? 0)) >>>
    0
  );
}
