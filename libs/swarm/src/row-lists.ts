import { NEXT_AT, PREVIOUS_AT, type SwarmRows } from "./swarm-rows.ts";

/**
 * Rows linked to lists through their own words, so that lists cost nothing. A row is in one list at
 * most. Rows are told as row + 1 where 0 is none.
 */
export class RowLists {
  readonly #rows: SwarmRows;
  readonly #heads: Int32Array;
  readonly #tails: Int32Array;

  constructor(rows: SwarmRows, count: number) {
    this.#rows = rows;
    this.#heads = new Int32Array(count);
    this.#tails = new Int32Array(count);
  }

  get bytes(): number {
    return this.#heads.byteLength + this.#tails.byteLength;
  }

  /** The row that has been in a list for longest, or −1. */
  first(list: number): number {
    return (this.#heads[list] ?? 0) - 1;
  }

  append(list: number, row: number): void {
    const tail = this.#tails[list] ?? 0;
    this.#rows.set(row, PREVIOUS_AT, tail);
    this.#rows.set(row, NEXT_AT, 0);
    if (tail === 0) this.#heads[list] = row + 1;
    else this.#rows.set(tail - 1, NEXT_AT, row + 1);
    this.#tails[list] = row + 1;
  }

  remove(list: number, row: number): void {
    const next = this.#rows.get(row, NEXT_AT);
    const previous = this.#rows.get(row, PREVIOUS_AT);
    if (previous === 0) this.#heads[list] = next;
    else this.#rows.set(previous - 1, NEXT_AT, next);
    if (next === 0) this.#tails[list] = previous;
    else this.#rows.set(next - 1, PREVIOUS_AT, previous);
  }
}
