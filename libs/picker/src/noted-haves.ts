import type { PickerPeer } from "./picker-peer.ts";

/** So many are looked at together at the latest. */
const NOTED_MAX = 1_024;

/**
 * What peers said that they have and nobody has looked at. Each is somewhere else in memory, and to
 * wait for many places at once takes hardly longer than for one.
 */
export class NotedHaves {
  readonly #peers: PickerPeer[] = [];
  readonly #pieces: Int32Array = new Int32Array(NOTED_MAX);
  #count = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** True when there is no room for more. */
  note(peer: PickerPeer, piece: number): boolean {
    this.#peers[this.#count] = peer;
    this.#pieces[this.#count] = piece;
    this.#count += 1;
    return this.#count === NOTED_MAX;
  }

  /** Adds each piece to what its peer has, and then tells of those that were new. */
  settle(tell: (peer: PickerPeer, piece: number) => void): void {
    let news = 0;
    for (let at = 0; at < this.#count; at += 1) {
      const [peer, piece] = [this.#peerAt(at), this.#pieces[at] ?? 0];
      if (!peer.add(piece)) continue;
      this.#peers[news] = peer;
      this.#pieces[news] = piece;
      news += 1;
    }
    this.#count = 0;
    for (let at = 0; at < news; at += 1) tell(this.#peerAt(at), this.#pieces[at] ?? 0);
    // Peers that are gone are not kept here.
    this.#peers.length = 0;
  }

  #peerAt(at: number): PickerPeer {
    return this.#peers[at] as PickerPeer;
  }
}
