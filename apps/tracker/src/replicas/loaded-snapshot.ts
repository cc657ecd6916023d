import type { PeerAnnounce, SnapshotPeer, Swarms } from "@seedfleet/swarm";
import type { SnapshotVisitor } from "./snapshot-chunk.ts";
import type { Tombstones } from "./tombstones.ts";

/** Ages come in whole seconds: of what may be as old, what is known here is taken for later. */
const AGE_ERROR_MS = 1_000;

export type LoadedSnapshotPorts = {
  readonly swarms: Swarms;
  readonly tombstones: Tombstones;
  /** Whether a swarm is to be had here. */
  readonly owns: (infoHash: Uint8Array) => boolean;
};

/** Puts what another tracker has into the swarms here; whatever is known later here stays. */
export class LoadedSnapshot implements SnapshotVisitor {
  readonly #ports: LoadedSnapshotPorts;
  readonly #nowMs: number;
  readonly #infoHash = new Uint8Array(20);
  #isOwn = false;

  constructor(ports: LoadedSnapshotPorts, nowMs: number) {
    this.#ports = ports;
    this.#nowMs = nowMs;
  }

  /** Which batches it has is not for a store. */
  origin(): void {}

  swarm(infoHash: Uint8Array, downloaded: number): void {
    const { swarms, owns } = this.#ports;
    this.#infoHash.set(infoHash);
    this.#isOwn = owns(infoHash);
    if (!this.#isOwn) return;
    const known = swarms.find(infoHash);
    if (downloaded > swarms.counts(known).downloaded) swarms.setDownloaded(infoHash, downloaded);
  }

  peer(peer: SnapshotPeer): void {
    if (!this.#isOwn) return;
    const { swarms, tombstones } = this.#ports;
    const atMs = this.#nowMs - peer.ageMs - AGE_ERROR_MS;
    if (tombstones.isOver(this.#infoHash, peer, atMs)) return;
    const peerId = peer.peerIdKnown ? peer.peerId : null;
    const announce: PeerAnnounce = { ...peer, peerId, completed: false };
    swarms.announceAt(this.#infoHash, announce, atMs, this.#nowMs);
  }
}
