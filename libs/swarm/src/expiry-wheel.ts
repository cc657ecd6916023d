import { RowLists } from "./row-lists.ts";
import { DUE_AT, type SwarmRows } from "./swarm-rows.ts";

/** Far more than a peer may be silent and expiry late: no swarm is due a turn too early. */
const SLOTS = 32_768;
const SLOT_MASK = SLOTS - 1;

/**
 * When each swarm that has peers is to be looked through for silent ones: at the tick its oldest
 * peer would be too old, if it said nothing more. One entry a swarm, whatever its peers do.
 */
export class ExpiryWheel {
  readonly #rows: SwarmRows;
  readonly #lists: RowLists;
  #done = 0;

  constructor(rows: SwarmRows) {
    this.#rows = rows;
    this.#lists = new RowLists(rows, SLOTS);
  }

  get bytes(): number {
    return this.#lists.bytes;
  }

  /** All swarms due up to this tick have been taken. */
  get done(): number {
    return this.#done;
  }

  add(row: number, dueTick: number): void {
    const due = Math.max(dueTick, this.#done + 1);
    this.#rows.set(row, DUE_AT, due);
    this.#lists.append(due & SLOT_MASK, row);
  }

  remove(row: number): void {
    this.#lists.remove(this.#rows.get(row, DUE_AT) & SLOT_MASK, row);
  }

  /** A swarm has a peer that is older than all it had. */
  bringForward(row: number, dueTick: number): void {
    if (dueTick >= this.#rows.get(row, DUE_AT)) return;
    this.remove(row);
    this.add(row, dueTick);
  }

  /** Takes a swarm that is due at `tick` or was before, or gives −1 when none is left. */
  take(tick: number): number {
    // Slots further back than a turn would only be seen twice.
    this.#done = Math.max(this.#done, tick - SLOTS);
    while (this.#done < tick) {
      const slot = (this.#done + 1) & SLOT_MASK;
      const row = this.#lists.first(slot);
      if (row >= 0) {
        this.#lists.remove(slot, row);
        return row;
      }
      this.#done += 1;
    }
    return -1;
  }
}
