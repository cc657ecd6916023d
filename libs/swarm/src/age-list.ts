import type { PeerRecord } from "./peer-record.ts";

/**
 * Every peer of every swarm, longest silent first. Since all peers have the same timeout, the ones
 * to expire are always at the front, and nothing ever scans for them. Linked through the records.
 */
export class AgeList {
  #oldest: PeerRecord | null = null;
  #newest: PeerRecord | null = null;

  get oldest(): PeerRecord | null {
    return this.#oldest;
  }

  append(peer: PeerRecord): void {
    peer.older = this.#newest;
    peer.newer = null;
    if (this.#newest === null) this.#oldest = peer;
    else this.#newest.newer = peer;
    this.#newest = peer;
  }

  remove(peer: PeerRecord): void {
    if (peer.older === null) this.#oldest = peer.newer;
    else peer.older.newer = peer.newer;
    if (peer.newer === null) this.#newest = peer.older;
    else peer.newer.older = peer.older;
    peer.older = null;
    peer.newer = null;
  }
}
