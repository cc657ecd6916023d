/** Whether a mark was found, may still come, or can no longer be where it should. */
export type Search = "found" | "awaited" | "absent";

/**
 * The bytes of a handshake that were received and not yet taken, in order.
 *
 * They are copies, and what was taken is never written to again: so they may be decrypted in place
 * whatever becomes of the buffer they were read into.
 */
export class HandshakeBytes {
  #bytes = new Uint8Array(0);
  #start = 0;
  #end = 0;
  /** At so many offsets the mark that is sought does not stand: a byte starts no new search. */
  #ruledOut = 0;

  /** How many bytes are there. */
  get byteLength(): number {
    return this.#end - this.#start;
  }

  append(read: Uint8Array): void {
    if (this.#end + read.length > this.#bytes.length) this.#grow(read.length);
    this.#bytes.set(read, this.#end);
    this.#end += read.length;
  }

  /** Whether the first bytes are these. */
  startsWith(bytes: Uint8Array): boolean {
    return this.byteLength >= bytes.length && this.#holdsAt(this.#start, bytes);
  }

  /** Takes the first `count` bytes away; null, and takes none, while there are fewer. */
  take(count: number): Uint8Array | null {
    if (this.byteLength < count) return null;
    this.#start += count;
    return this.#bytes.subarray(this.#start - count, this.#start);
  }

  takeAll(): Uint8Array {
    const all = this.#bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return all;
  }

  /**
   * Takes all up to and with `mark` away, if at most `offsetMax` bytes stand before it. While it is
   * awaited nothing else is taken and no other mark is sought.
   */
  takeThrough(mark: Uint8Array, offsetMax: number): Search {
    const last = Math.min(offsetMax, this.byteLength - mark.length);
    while (this.#ruledOut <= last) {
      if (this.#holdsAt(this.#start + this.#ruledOut, mark)) {
        this.#start += this.#ruledOut + mark.length;
        this.#ruledOut = 0;
        return "found";
      }
      this.#ruledOut += 1;
    }
    return last === offsetMax ? "absent" : "awaited";
  }

  #holdsAt(at: number, bytes: Uint8Array): boolean {
    return bytes.every((byte, index) => this.#bytes[at + index] === byte);
  }

  /** At least doubles what is held, so that small reads do not have each byte copied often. */
  #grow(count: number): void {
    const held = this.takeAll();
    this.#bytes = new Uint8Array(held.length + Math.max(held.length, count));
    this.#bytes.set(held, 0);
    this.#start = 0;
    this.#end = held.length;
  }
}
