import assert from "node:assert/strict";
import type { PeerRecord } from "./peer-record.ts";

/** Peers in no particular order, each knowing its index, so that every change is O(1). */
export class PeerPool {
  readonly #peers: PeerRecord[] = [];

  get length(): number {
    return this.#peers.length;
  }

  add(peer: PeerRecord): void {
    peer.index = this.#peers.length;
    this.#peers.push(peer);
  }

  /** The last peer takes the place of the one removed. */
  remove(peer: PeerRecord): void {
    const last = this.#peers.pop();
    if (last === undefined || last === peer) return;
    this.#peers[peer.index] = last;
    last.index = peer.index;
  }

  /** Swaps a peer to the end, so that a draw below `length - 1` cannot meet it. */
  moveLast(peer: PeerRecord): void {
    this.draw(this.#peers.length - 1, peer.index);
  }

  /** One step of Fisher–Yates: swaps the peer at `from` to `to` and returns it. */
  draw(to: number, from: number): PeerRecord {
    const drawn = this.#peers[from];
    const displaced = this.#peers[to];
    assert(drawn !== undefined && displaced !== undefined);
    this.#peers[to] = drawn;
    this.#peers[from] = displaced;
    drawn.index = to;
    displaced.index = from;
    return drawn;
  }
}
