const WORD_BYTES = 4;

/** 64 KiB: small enough that a class hardly used costs little, large enough to be few. */
const SLAB_WORDS = 16_384;

/** A block is told by its class, in the upper bits, and its number in the class. */
const NUMBER_BITS = 26;
const NUMBER_MASK = 2 ** NUMBER_BITS - 1;

export const NO_BLOCK = -1;
export const NO_OWNER = -1;

/**
 * Blocks of words out of slabs, one kind of slab for each size. The blocks of a size have no gaps:
 * the last one moves where one was freed, so that no order of joining and leaving can leave memory
 * behind. The first word of a block is its owner, who is told when its block has moved.
 */
export class BlockSlabs {
  readonly #blockWords: Int32Array;
  /** How many blocks a slab has, as a power of two. */
  readonly #shifts: Int32Array;
  readonly #counts: Int32Array;
  readonly #slabs: Int32Array[][];
  #bytes = 0;

  constructor(blockWords: Int32Array) {
    this.#blockWords = blockWords;
    this.#shifts = blockWords.map((words) =>
      Math.max(0, Math.floor(Math.log2(SLAB_WORDS / words))),
    );
    this.#counts = new Int32Array(blockWords.length);
    this.#slabs = Array.from(blockWords, () => []);
  }

  get bytes(): number {
    return this.#bytes;
  }

  static classOf(block: number): number {
    return block >>> NUMBER_BITS;
  }

  /** The slab that a block lies in, from `start(block)` on. */
  slab(block: number): Int32Array {
    const sizeClass = block >>> NUMBER_BITS;
    const slabs = this.#slabs[sizeClass] as Int32Array[];
    return slabs[(block & NUMBER_MASK) >>> (this.#shifts[sizeClass] ?? 0)] as Int32Array;
  }

  start(block: number): number {
    const sizeClass = block >>> NUMBER_BITS;
    const inSlab = block & ((1 << (this.#shifts[sizeClass] ?? 0)) - 1);
    return inSlab * (this.#blockWords[sizeClass] ?? 0);
  }

  /** A new block; what is in it is left over, but for the owner. */
  allocate(sizeClass: number, owner: number): number {
    const number = this.#counts[sizeClass] ?? 0;
    const shift = this.#shifts[sizeClass] ?? 0;
    const slabs = this.#slabs[sizeClass] as Int32Array[];
    if (number >>> shift === slabs.length) {
      const words = new Int32Array((this.#blockWords[sizeClass] ?? 0) << shift);
      slabs.push(words);
      this.#bytes += words.length * WORD_BYTES;
    }
    this.#counts[sizeClass] = number + 1;
    const block = (sizeClass << NUMBER_BITS) | number;
    this.slab(block)[this.start(block)] = owner;
    return block;
  }

  /** Gives a block back. Whose block now has its number, or `NO_OWNER`. */
  free(block: number): number {
    const sizeClass = block >>> NUMBER_BITS;
    const number = (this.#counts[sizeClass] ?? 0) - 1;
    const last = (sizeClass << NUMBER_BITS) | number;
    let moved = NO_OWNER;
    if (block !== last) {
      this.#move(last, block);
      moved = this.slab(block)[this.start(block)] ?? NO_OWNER;
    }
    this.#counts[sizeClass] = number;
    this.#trim(sizeClass, number);
    return moved;
  }

  #move(from: number, to: number): void {
    const sizeClass = from >>> NUMBER_BITS;
    if (this.#shifts[sizeClass] === 0) {
      // A block that is a slab of its own need not be copied.
      const slabs = this.#slabs[sizeClass] as Int32Array[];
      const [low, high] = [to & NUMBER_MASK, from & NUMBER_MASK];
      [slabs[low], slabs[high]] = [slabs[high] as Int32Array, slabs[low] as Int32Array];
      return;
    }
    const source = this.slab(from);
    const target = this.slab(to);
    const sourceAt = this.start(from);
    const targetAt = this.start(to);
    const words = this.#blockWords[sizeClass] ?? 0;
    for (let each = 0; each < words; each += 1) {
      target[targetAt + each] = source[sourceAt + each] ?? 0;
    }
  }

  /** Keeps one empty slab of small blocks, so that coming and going at its edge costs nothing. */
  #trim(sizeClass: number, count: number): void {
    const shift = this.#shifts[sizeClass] ?? 0;
    const slabs = this.#slabs[sizeClass] as Int32Array[];
    const used = ((count - 1) >> shift) + 1;
    const spare = shift === 0 || count === 0 ? 0 : 1;
    while (slabs.length > used + spare) {
      this.#bytes -= (slabs.pop()?.length ?? 0) * WORD_BYTES;
    }
  }
}
