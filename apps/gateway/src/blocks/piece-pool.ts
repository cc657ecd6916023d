/** Makes memory of this length, zeroed or not. */
export type Allocate = (byteLength: number) => Buffer;

/**
 * Memory that framed pieces lay in and may lie in again, by length: new memory costs page faults
 * and the collector's work, which a cache that turns over would pay for every piece.
 */
export class PiecePool {
  readonly #allocate: Allocate;
  readonly #free = new Map<number, Buffer[]>();
  #freeBytes = 0;

  constructor(allocate: Allocate = Buffer.allocUnsafeSlow) {
    this.#allocate = allocate;
  }

  /** Bytes that lie here unused. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Memory of exactly this length that is here; null if there is none. */
  reuse(byteLength: number): Buffer | null {
    const free = this.#free.get(byteLength);
    const buffer = free?.pop();
    if (buffer === undefined) return null;
    if (free?.length === 0) this.#free.delete(byteLength);
    this.#freeBytes -= byteLength;
    return buffer;
  }

  make(byteLength: number): Buffer {
    return this.#allocate(byteLength);
  }

  /** Nobody reads these bytes any more. */
  give(buffer: Buffer): void {
    const free = this.#free.get(buffer.length);
    if (free === undefined) this.#free.set(buffer.length, [buffer]);
    else free.push(buffer);
    this.#freeBytes += buffer.length;
  }

  /** Leaves one buffer of whatever length to the collector; false when there is none. */
  dropOne(): boolean {
    const length = this.#free.keys().next().value;
    return length !== undefined && this.reuse(length) !== null;
  }
}
