/** Of more it pays to make a view, for `set`. */
const FEW_BYTES = 64;

const BYTES_AT_FIRST = 4_096;
const NOTHING = new Uint8Array();

/** Numbers and bytes one after the other, for another thread of this process to read. */
export class ThreadWriter {
  #bytes = new Uint8Array(BYTES_AT_FIRST);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  get length(): number {
    return this.#length;
  }

  /** What was written is the first `length` of them; they are written over after `clear`. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** Makes room: what is written then is no longer than that. */
  reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  uint8(value: number): void {
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  uint16(value: number): void {
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
  }

  uint32(value: number): void {
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  /** Any number, NaN included. */
  float64(value: number): void {
    this.#view.setFloat64(this.#length, value);
    this.#length += 8;
  }

  /** The first `length` of them. */
  raw(source: Uint8Array, length: number): void {
    const bytes = this.#bytes;
    const from = this.#length;
    this.#length = from + length;
    if (length > FEW_BYTES) return bytes.set(source.subarray(0, length), from);
    for (let at = 0; at < length; at += 1) bytes[from + at] = source[at] ?? 0;
  }

  clear(): void {
    this.#length = 0;
  }
}

/** Reads what a `ThreadWriter` wrote, in the same order. */
export class ThreadReader {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;
  #end: number;

  constructor(bytes: Uint8Array = NOTHING) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#end = bytes.length;
  }

  get hasMore(): boolean {
    return this.#at < this.#end;
  }

  /** Begins anew, with the first `length` of these. */
  begin(bytes: Uint8Array, length: number): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.#at = 0;
    this.#end = length;
  }

  uint8(): number {
    const at = this.#at;
    this.#at += 1;
    return this.#bytes[at] ?? 0;
  }

  uint16(): number {
    const at = this.#at;
    this.#at += 2;
    return this.#view.getUint16(at);
  }

  uint32(): number {
    const at = this.#at;
    this.#at += 4;
    return this.#view.getUint32(at);
  }

  float64(): number {
    const at = this.#at;
    this.#at += 8;
    return this.#view.getFloat64(at);
  }

  /** Writes so many over the first of `into`. */
  raw(into: Uint8Array, length: number): void {
    const bytes = this.#bytes;
    const from = this.#at;
    this.#at = from + length;
    if (length > FEW_BYTES) return into.set(bytes.subarray(from, from + length));
    for (let at = 0; at < length; at += 1) into[at] = bytes[from + at] ?? 0;
  }

  text(length: number): string {
    const from = this.#at;
    this.#at += length;
    const { buffer, byteOffset } = this.#bytes;
    return Buffer.from(buffer, byteOffset + from, length).toString("latin1");
  }
}
