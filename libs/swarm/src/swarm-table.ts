import { ExpiryWheel } from "./expiry-wheel.ts";
import { readWords } from "./peer-entry.ts";
import { RowLists } from "./row-lists.ts";
import { ROWS_MAX, SwarmIndex } from "./swarm-index.ts";
import type { Chance } from "./swarm-peer.ts";
import { DOWNLOADED_AT, INFO_HASH_WORDS, SwarmRows } from "./swarm-rows.ts";

/** Counts of downloads stay here, as the words they are kept in. */
export const DOWNLOADED_MAX: number = 2 ** 31 - 1;

/** The only list of empty swarms. */
const EMPTY = 0;

/**
 * The swarms by info hash. One that has peers is on the wheel; one without is remembered while it
 * had a download completed, until there is no room and it has been empty for longest.
 */
export class SwarmTable {
  readonly rows: SwarmRows = new SwarmRows();
  readonly wheel: ExpiryWheel = new ExpiryWheel(this.rows);
  readonly #index: SwarmIndex;
  readonly #empties = new RowLists(this.rows, 1);
  readonly #infoHash = new Int32Array(INFO_HASH_WORDS);
  readonly #swarmsMax: number;
  /** The row that was last found or added: who announces is answered from it right after. */
  #last = -1;

  constructor(swarmsMax: number, chance: Chance) {
    this.#swarmsMax = Math.min(swarmsMax, ROWS_MAX);
    this.#index = new SwarmIndex(this.rows, chance);
  }

  get bytes(): number {
    return this.rows.bytes + this.wheel.bytes + this.#index.bytes + this.#empties.bytes;
  }

  /** The row of a swarm, or −1. */
  find(infoHash: Uint8Array): number {
    readWords(infoHash, this.#infoHash);
    const { rows } = this;
    const last = this.#last;
    if (last >= 0 && rows.hasInfoHash(last, this.#infoHash) && rows.isUsed(last)) return last;
    const row = this.#index.find(this.#infoHash);
    this.#last = row;
    return row;
  }

  /** A row for the info hash that was last not found, or −1 if there is no room. */
  add(): number {
    if (this.rows.count >= this.#swarmsMax) {
      const longestEmpty = this.#empties.first(EMPTY);
      if (longestEmpty < 0) return -1;
      this.#empties.remove(EMPTY, longestEmpty);
      this.forget(longestEmpty);
    }
    const row = this.rows.add(this.#infoHash);
    this.#index.add(row);
    this.#last = row;
    return row;
  }

  /** Forgets a swarm that has no peers and is in no list. */
  forget(row: number): void {
    this.#index.remove(row);
    this.rows.remove(row);
  }

  /** A swarm in no list has no peers. */
  keepEmpty(row: number): void {
    if (this.rows.get(row, DOWNLOADED_AT) > 0) this.#empties.append(EMPTY, row);
    else this.forget(row);
  }

  takeEmpty(row: number): void {
    this.#empties.remove(EMPTY, row);
  }

  /** The used row after this one, or −1. */
  next(row: number): number {
    const { end } = this.rows;
    for (let each = row + 1; each < end; each += 1) if (this.rows.isUsed(each)) return each;
    return -1;
  }
}
