const NOTHING = new Uint8Array();

/**
 * So many reads may wait to be joined: more than the longest message takes in packets of the usual
 * size. Each is an object, so in a long message that comes byte by byte they would weigh a hundred
 * times what it does.
 */
const READS_WAITING_MAX = 128;

/**
 * The bytes received and not yet taken, in order.
 *
 * They are read where they lie: `hold()` gives the buffer that has them, `offset` says where in it.
 * Reads are joined when what is asked for lies in several, or when there are too many, so a message
 * that comes in pieces is not copied once a piece. The common case, one read that holds whole
 * messages, copies nothing and makes no views.
 */
export class ReceivedBytes {
  /** The first read; the others wait behind it. */
  #first: Uint8Array = NOTHING;
  #offset = 0;
  readonly #later: Uint8Array[] = [];
  #byteLength = 0;

  /** How many bytes are there. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Where the bytes begin in what `hold()` gives. */
  get offset(): number {
    return this.#offset;
  }

  append(read: Uint8Array): void {
    if (read.length === 0) return;
    if (this.#byteLength === 0) this.#first = read;
    else this.#later.push(read);
    this.#byteLength += read.length;
    if (this.#later.length > READS_WAITING_MAX) this.#join();
  }

  /** A buffer that has the first `count` bytes at `offset`; there must be that many. */
  hold(count: number): Uint8Array {
    if (this.#first.length - this.#offset < count) this.#join();
    return this.#first;
  }

  /** The first `count` bytes as a view; there must be that many. */
  peek(count: number): Uint8Array {
    return this.hold(count).subarray(this.#offset, this.#offset + count);
  }

  /** Takes the first `count` bytes away, which must have been held. */
  drop(count: number): void {
    this.#byteLength -= count;
    this.#offset += count;
    if (this.#offset < this.#first.length) return;
    this.#first = this.#later.shift() ?? NOTHING;
    this.#offset = 0;
  }

  /** Takes everything away and gives it as bytes of their own. */
  takeAll(): Uint8Array {
    const all = Uint8Array.from(this.peek(this.#byteLength));
    this.drop(this.#byteLength);
    return all;
  }

  #join(): void {
    const joined = new Uint8Array(this.#byteLength);
    joined.set(this.#first.subarray(this.#offset));
    let end = this.#first.length - this.#offset;
    for (const read of this.#later) {
      joined.set(read, end);
      end += read.length;
    }
    this.#first = joined;
    this.#offset = 0;
    this.#later.length = 0;
  }
}

/** A big-endian number of 16 bits. */
export function uint16At(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
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
