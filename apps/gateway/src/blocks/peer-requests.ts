import type { Block } from "@seedfleet/wire";
import { CANCELS_MAX } from "../peers/peer-limits.ts";
import { RequestQueue, sameBlock, type TakenBlock } from "./request-queue.ts";

/**
 * The requests of one peer that are not answered yet. A block is in exactly one place: queued,
 * waiting for its piece, or taken.
 */
export class PeerRequests {
  readonly #queue = new RequestQueue();
  readonly #waiting = new Map<number, Block[]>();
  #waitingCount = 0;
  #cancelsLeft = 0;

  /** Queued and waiting. */
  get count(): number {
    return this.#queue.size + this.#waitingCount;
  }

  /** Bytes of those that could be answered now. */
  get queuedBytes(): number {
    return this.#queue.byteLength;
  }

  push(block: Block): void {
    this.#queue.push(block);
    if (this.#cancelsLeft < CANCELS_MAX) this.#cancelsLeft += 1;
  }

  /** Takes the next request to answer; false when there is none. */
  take(into: TakenBlock): boolean {
    return this.#queue.shift(into);
  }

  /** Sets a taken request aside until `pieceArrived`. */
  awaitPiece({ piece, begin, length }: Block): void {
    const block = { piece, begin, length };
    const others = this.#waiting.get(piece);
    if (others === undefined) this.#waiting.set(piece, [block]);
    else others.push(block);
    this.#waitingCount += 1;
  }

  isAwaiting(piece: number): boolean {
    return this.#waiting.has(piece);
  }

  /** Its piece is there: what waited for it is next. */
  pieceArrived(piece: number): void {
    this.#queue.unshift(this.takeWaiting(piece));
  }

  /** What waited for a piece that cannot be had. */
  takeWaiting(piece: number): readonly Block[] {
    const blocks = this.#waiting.get(piece) ?? [];
    this.#waiting.delete(piece);
    this.#waitingCount -= blocks.length;
    return blocks;
  }

  /**
   * True when the block was queued or waiting. To look for it takes microseconds, so no more are
   * looked for than were asked for: without requests of its own a peer cannot make us search.
   */
  cancel(block: Block): boolean {
    if (this.#cancelsLeft === 0) return false;
    this.#cancelsLeft -= 1;
    return this.#queue.remove(block) || this.#removeWaiting(block);
  }

  /** Forgets all of them, and gives them. */
  drop(): readonly Block[] {
    const dropped = [...this.#queue.list(), ...[...this.#waiting.values()].flat()];
    this.#queue.clear();
    this.#waiting.clear();
    this.#waitingCount = 0;
    return dropped;
  }

  #removeWaiting(block: Block): boolean {
    const waiting = this.#waiting.get(block.piece) ?? [];
    const index = waiting.findIndex((each) => sameBlock(each, block));
    if (index === -1) return false;
    waiting.splice(index, 1);
    this.#waitingCount -= 1;
    if (waiting.length === 0) this.#waiting.delete(block.piece);
    return true;
  }
}
