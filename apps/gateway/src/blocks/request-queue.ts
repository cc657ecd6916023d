import type { Block } from "@seedfleet/wire";

/** Numbers that a block takes: piece, begin, length. */
const WORDS = 3;

const CAPACITY_MIN = 64;

/** A block whose fields are written over, so that taking one makes no object. */
export type TakenBlock = { piece: number; begin: number; length: number };

/**
 * The requests of one peer that are not answered yet, in the order they came: a ring of numbers,
 * since there are thousands of them a second and each lives for microseconds. A peer that asks for
 * nothing takes no memory.
 */
export class RequestQueue {
  #ring: Uint32Array | null = null;
  #first = 0;
  #size = 0;
  #byteLength = 0;

  get size(): number {
    return this.#size;
  }

  /** Of all the blocks together. */
  get byteLength(): number {
    return this.#byteLength;
  }

  push(block: Block): void {
    const ring = this.#withRoom();
    write(ring, this.#first + this.#size, block);
    this.#size += 1;
    this.#byteLength += block.length;
  }

  /** Puts back what was taken too early, in its order, before all others. */
  unshift(blocks: readonly Block[]): void {
    for (const block of blocks.toReversed()) {
      const ring = this.#withRoom();
      const capacity = ring.length / WORDS;
      this.#first = (this.#first + capacity - 1) % capacity;
      write(ring, this.#first, block);
      this.#size += 1;
      this.#byteLength += block.length;
    }
  }

  /** Takes the first one; false when there is none. */
  shift(into: TakenBlock): boolean {
    const ring = this.#ring;
    if (ring === null || this.#size === 0) return false;
    read(ring, this.#first, into);
    this.#first = (this.#first + 1) % (ring.length / WORDS);
    this.#size -= 1;
    this.#byteLength -= into.length;
    return true;
  }

  /** True when the block was queued. Takes two nanoseconds for each request before it. */
  remove({ piece, begin, length }: Block): boolean {
    const ring = this.#ring;
    if (ring === null) return false;
    let word = this.#first * WORDS;
    for (let rest = this.#size; rest > 0; rest -= 1) {
      if (ring[word + 1] === begin && ring[word] === piece && ring[word + 2] === length) {
        this.#closeGap(ring, word / WORDS);
        this.#byteLength -= length;
        return true;
      }
      word += WORDS;
      if (word === ring.length) word = 0;
    }
    return false;
  }

  /** All of them, as they stand. */
  list(): Block[] {
    const ring = this.#ring;
    if (ring === null) return [];
    return Array.from({ length: this.#size }, (_, index) => {
      const block = { piece: 0, begin: 0, length: 0 };
      read(ring, this.#first + index, block);
      return block;
    });
  }

  clear(): void {
    this.#ring = null;
    this.#first = 0;
    this.#size = 0;
    this.#byteLength = 0;
  }

  /** Moves what is before the gap, or behind it: whichever lies in one stretch of memory. */
  #closeGap(ring: Uint32Array, gap: number): void {
    const capacity = ring.length / WORDS;
    if (gap >= this.#first) {
      ring.copyWithin((this.#first + 1) * WORDS, this.#first * WORDS, gap * WORDS);
      this.#first = (this.#first + 1) % capacity;
    } else {
      const end = this.#first + this.#size - capacity;
      ring.copyWithin(gap * WORDS, (gap + 1) * WORDS, end * WORDS);
    }
    this.#size -= 1;
  }

  #withRoom(): Uint32Array {
    const ring = this.#ring ?? new Uint32Array(CAPACITY_MIN * WORDS);
    this.#ring = ring;
    const capacity = ring.length / WORDS;
    if (this.#size < capacity) return ring;
    const grown = new Uint32Array(2 * ring.length);
    grown.set(ring.subarray(this.#first * WORDS));
    grown.set(ring.subarray(0, this.#first * WORDS), (capacity - this.#first) * WORDS);
    this.#ring = grown;
    this.#first = 0;
    return grown;
  }
}

function write(ring: Uint32Array, index: number, { piece, begin, length }: Block): void {
  const word = (index * WORDS) % ring.length;
  ring[word] = piece;
  ring[word + 1] = begin;
  ring[word + 2] = length;
}

function read(ring: Uint32Array, index: number, into: TakenBlock): void {
  const word = (index * WORDS) % ring.length;
  into.piece = ring[word] ?? 0;
  into.begin = ring[word + 1] ?? 0;
  into.length = ring[word + 2] ?? 0;
}

export function sameBlock(a: Block, b: Block): boolean {
  return a.piece === b.piece && a.begin === b.begin && a.length === b.length;
}
