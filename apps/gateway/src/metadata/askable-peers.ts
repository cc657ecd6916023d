import assert from "node:assert/strict";

/** Requests on their way to one peer: enough for its line, and what it withholds is little. */
export const ASKED_OF_PEER_MAX = 4;

/** Who answers nothing for so long is not waited for; most answer within a second. */
export const ANSWER_TIMEOUT_MS = 10_000;

/** Who rejected or let wait is left alone for so long, as it may lack it, or be busy. */
export const ASKED_IN_VAIN_WAIT_MS = 5_000;

/** Who gave nothing so many times in a row is of no use. */
export const ASKED_IN_VAIN_MAX = 5;

type Askable = { asked: number; inVain: number; notBeforeMs: number };

/**
 * Which of several peers may be asked for something more, sans-IO. Each has a few requests out at a
 * time, and one that gave nothing rests. Peers are numbers.
 */
export class AskablePeers {
  readonly #peers = new Map<number, Askable>();

  join(peer: number): void {
    if (this.#peers.has(peer)) return;
    this.#peers.set(peer, { asked: 0, inVain: 0, notBeforeMs: Number.NEGATIVE_INFINITY });
  }

  leave(peer: number): void {
    this.#peers.delete(peer);
  }

  has(peer: number): boolean {
    return this.#peers.has(peer);
  }

  /** Those that may be asked now, in the order they joined. */
  free(nowMs: number): readonly number[] {
    return [...this.#peers.keys()].filter((peer) => this.isFree(peer, nowMs));
  }

  isFree(peer: number, nowMs: number): boolean {
    const askable = this.#peers.get(peer);
    if (askable === undefined || askable.notBeforeMs > nowMs) return false;
    return askable.asked < ASKED_OF_PEER_MAX;
  }

  asked(peer: number): void {
    this.#of(peer).asked += 1;
  }

  answered(peer: number): void {
    const askable = this.#of(peer);
    askable.asked -= 1;
    askable.inVain = 0;
  }

  /** Of a request that is not waited for any more, though the peer did nothing wrong. */
  forgotten(peer: number): void {
    this.#of(peer).asked -= 1;
  }

  /** The peer rejected a request, or let it wait too long; whether it did too often. */
  inVain(peer: number, nowMs: number): boolean {
    const askable = this.#of(peer);
    askable.asked -= 1;
    // Of several requests at once it is one refusal: those were asked before it was known.
    if (nowMs >= askable.notBeforeMs) askable.inVain += 1;
    askable.notBeforeMs = nowMs + ASKED_IN_VAIN_WAIT_MS;
    return askable.inVain >= ASKED_IN_VAIN_MAX;
  }

  #of(peer: number): Askable {
    const askable = this.#peers.get(peer);
    assert(askable !== undefined);
    return askable;
  }
}
