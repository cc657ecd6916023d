import type { PeerAnnounce, SnapshotPeer, Swarms } from "@seedfleet/swarm";
import type { SnapshotVisitor } from "./snapshot-chunk.ts";

/** Puts what another tracker has into the swarms here; whatever is known later here stays. */
export class LoadedSnapshot implements SnapshotVisitor {
  readonly #swarms: Swarms;
  readonly #nowMs: number;
  readonly #infoHash = new Uint8Array(20);

  constructor(swarms: Swarms, nowMs: number) {
    this.#swarms = swarms;
    this.#nowMs = nowMs;
  }

  /** Which batches it has is not for a store. */
  origin(): void {}

  swarm(infoHash: Uint8Array, downloaded: number): void {
    this.#infoHash.set(infoHash);
    const known = this.#swarms.find(infoHash);
    if (downloaded > this.#swarms.counts(known).downloaded) {
      this.#swarms.setDownloaded(infoHash, downloaded);
    }
  }

  peer(peer: SnapshotPeer): void {
    const announce: PeerAnnounce = { ...peer, completed: false };
    this.#swarms.announceAt(this.#infoHash, announce, this.#nowMs - peer.ageMs, this.#nowMs);
  }
}
