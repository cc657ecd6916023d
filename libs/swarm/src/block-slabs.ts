import { SLAB_WORDS } from "./size-classes.ts";
import { storeWords } from "./store-words.ts";

const WORD_BYTES = 4;

/** A block is told by its class, in the upper bits, then by slab and place in the slab. */
const NUMBER_BITS = 26;
const NUMBER_MASK = 2 ** NUMBER_BITS - 1;

/** Empty slabs that are kept for any class: some, and a share of those in use. */
const SPARE_SLABS = 32;
const SPARE_SHARE = 0.25;

export const NO_BLOCK = -1;
export const NO_OWNER = -1;

/**
 * Blocks of words out of slabs, one kind of block for each size. The blocks of a size have no gaps:
 * the last one moves where one was freed, so that no order of joining and leaving can leave memory
 * behind. The first word of a block is its owner, who is told when its block has moved.
 *
 * All slabs are of one length, but for those of blocks that are longer, so that one class uses what
 * another leaves: pools grow from class to class, and what they leave is not for the garbage
 * collector then.
 */
export class BlockSlabs {
  readonly #blockWords: Int32Array;
  readonly #perSlab: Int32Array;
  /** How many bits of a number tell the place in a slab. */
  readonly #shifts: Int32Array;
  /** The number that the next block of a class gets. */
  readonly #ends: Int32Array;
  readonly #slabs: Int32Array[][];
  readonly #spare: Int32Array[] = [];
  #inUse = 0;
  #bytes = 0;

  constructor(blockWords: Int32Array) {
    this.#blockWords = blockWords;
    this.#perSlab = blockWords.map((words) => Math.max(1, Math.floor(SLAB_WORDS / words)));
    this.#shifts = this.#perSlab.map((blocks) => Math.ceil(Math.log2(blocks)));
    this.#ends = new Int32Array(blockWords.length);
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
    const number = this.#ends[sizeClass] ?? 0;
    const shift = this.#shifts[sizeClass] ?? 0;
    const slabs = this.#slabs[sizeClass] as Int32Array[];
    const slab = number >>> shift;
    if (slab === slabs.length) slabs.push(this.#newSlab(this.#blockWords[sizeClass] ?? 0));
    const isLastInSlab = number - (slab << shift) === (this.#perSlab[sizeClass] ?? 0) - 1;
    this.#ends[sizeClass] = isLastInSlab ? (slab + 1) << shift : number + 1;
    const block = (sizeClass << NUMBER_BITS) | number;
    this.slab(block)[this.start(block)] = owner;
    return block;
  }

  /** Gives a block back. Whose block now has its number, or `NO_OWNER`. */
  free(block: number): number {
    const sizeClass = block >>> NUMBER_BITS;
    const number = this.#lastOf(sizeClass);
    const last = (sizeClass << NUMBER_BITS) | number;
    let moved = NO_OWNER;
    if (block !== last) {
      this.#move(last, block);
      moved = this.slab(block)[this.start(block)] ?? NO_OWNER;
    }
    this.#ends[sizeClass] = number;
    this.#trim(sizeClass);
    return moved;
  }

  #lastOf(sizeClass: number): number {
    const end = this.#ends[sizeClass] ?? 0;
    const shift = this.#shifts[sizeClass] ?? 0;
    const slab = end >>> shift;
    if (slab << shift !== end) return end - 1;
    return ((slab - 1) << shift) + (this.#perSlab[sizeClass] ?? 0) - 1;
  }

  #newSlab(blockWords: number): Int32Array {
    const length = Math.max(blockWords, SLAB_WORDS);
    const spare = length === SLAB_WORDS ? this.#spare.pop() : undefined;
    this.#inUse += 1;
    if (spare !== undefined) return spare;
    this.#bytes += length * WORD_BYTES;
    return storeWords(length);
  }

  #move(from: number, to: number): void {
    const sizeClass = from >>> NUMBER_BITS;
    if (this.#perSlab[sizeClass] === 1) {
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

  /** Gives up slabs that are empty now; of some size they stay for whoever needs one. */
  #trim(sizeClass: number): void {
    const slabs = this.#slabs[sizeClass] as Int32Array[];
    const used = (this.#lastOf(sizeClass) >> (this.#shifts[sizeClass] ?? 0)) + 1;
    while (slabs.length > used) {
      const slab = slabs.pop() as Int32Array;
      this.#inUse -= 1;
      const spareMax = SPARE_SLABS + this.#inUse * SPARE_SHARE;
      if (slab.length === SLAB_WORDS && this.#spare.length < spareMax) this.#spare.push(slab);
      else this.#bytes -= slab.length * WORD_BYTES;
    }
  }
}
