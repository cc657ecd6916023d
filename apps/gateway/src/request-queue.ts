import type { Block } from "@seedfleet/wire";

/** A queue that never runs empty drops its answered front after so many. */
const COMPACT_AFTER = 1_024;

/** The requests of one peer that are not answered yet, in the order they came. */
export class RequestQueue {
  #blocks: (Block | null)[] = [];
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(block: Block): void {
    this.#blocks.push(block);
    this.#size += 1;
  }

  /** Puts back what was taken too early, in its order, before all others. */
  unshift(blocks: readonly Block[]): void {
    this.#blocks = [...blocks, ...this.#blocks.slice(this.#first)];
    this.#first = 0;
    this.#size += blocks.length;
  }

  shift(): Block | null {
    while (this.#first < this.#blocks.length) {
      const block = this.#blocks[this.#first] ?? null;
      this.#first += 1;
      if (this.#first === this.#blocks.length) this.#reset();
      else if (this.#first === COMPACT_AFTER) this.#compact();
      if (block === null) continue;
      this.#size -= 1;
      return block;
    }
    return null;
  }

  /** True when the block was queued. */
  remove(block: Block): boolean {
    let index = this.#first;
    while (index < this.#blocks.length && !isBlock(this.#blocks[index], block)) index += 1;
    if (index === this.#blocks.length) return false;
    this.#blocks[index] = null;
    this.#size -= 1;
    if (this.#size === 0) this.#reset();
    return true;
  }

  clear(): void {
    this.#reset();
    this.#size = 0;
  }

  #reset(): void {
    this.#blocks = [];
    this.#first = 0;
  }

  #compact(): void {
    this.#blocks = this.#blocks.slice(this.#first);
    this.#first = 0;
  }
}

function isBlock(queued: Block | null | undefined, block: Block): boolean {
  return queued !== null && queued !== undefined && sameBlock(queued, block);
}

export function sameBlock(a: Block, b: Block): boolean {
  return a.piece === b.piece && a.begin === b.begin && a.length === b.length;
}
