const NOTHING = new Uint8Array();

/** Room for a block of the usual length, once a message is cut. */
const CARRIED_BYTES_MIN = 16_384 + 64;

/**
 * The bytes received and not yet taken, of reads whose memory is used again: a read may be looked
 * into until `settle()`, which copies what is left of it. What is copied, which is the message that
 * lies in two reads, goes to memory that is used again as well; so a download makes no garbage.
 *
 * As with `ReceivedBytes`, `hold()` gives the buffer that has them and `offset` says where in it.
 */
export class CarriedBytes {
  /** What came first, up to `#carriedEnd`; the read goes on behind it. */
  #carried: Uint8Array = NOTHING;
  #carriedAt = 0;
  #carriedEnd = 0;
  #read: Uint8Array = NOTHING;
  #readAt = 0;

  get byteLength(): number {
    return this.#carriedEnd - this.#carriedAt + this.#read.length - this.#readAt;
  }

  get offset(): number {
    return this.#isCarrying ? this.#carriedAt : this.#readAt;
  }

  append(read: Uint8Array): void {
    this.settle();
    this.#read = read;
    this.#readAt = 0;
  }

  /** A buffer that has the first `count` bytes at `offset`; there must be that many. */
  hold(count: number): Uint8Array {
    if (!this.#isCarrying) return this.#read;
    const missing = count - (this.#carriedEnd - this.#carriedAt);
    if (missing > 0) this.#carry(missing);
    return this.#carried;
  }

  /** Takes the first `count` bytes away, which must have been held. */
  drop(count: number): void {
    if (this.#isCarrying) this.#carriedAt += count;
    else this.#readAt += count;
  }

  /** The read's memory may be used for something else from now on. */
  settle(): void {
    const left = this.#read.length - this.#readAt;
    if (left > 0) this.#carry(left);
    this.#read = NOTHING;
    this.#readAt = 0;
  }

  get #isCarrying(): boolean {
    return this.#carriedAt < this.#carriedEnd;
  }

  /** Moves the first bytes of the read behind what is carried. */
  #carry(count: number): void {
    const carried = this.#carriedEnd - this.#carriedAt;
    if (this.#carriedEnd + count > this.#carried.length || carried === 0) this.#room(count);
    this.#carried.set(this.#read.subarray(this.#readAt, this.#readAt + count), this.#carriedEnd);
    this.#carriedEnd += count;
    this.#readAt += count;
  }

  /** Room for so many more bytes; at most twice what has come is ever kept for them. */
  #room(count: number): void {
    const carried = this.#carriedEnd - this.#carriedAt;
    const needed = carried + count;
    if (needed <= this.#carried.length) {
      this.#carried.copyWithin(0, this.#carriedAt, this.#carriedEnd);
    } else {
      const more = new Uint8Array(Math.max(CARRIED_BYTES_MIN, needed, carried * 2));
      more.set(this.#carried.subarray(this.#carriedAt, this.#carriedEnd));
      this.#carried = more;
    }
    this.#carriedAt = 0;
    this.#carriedEnd = carried;
  }
}
