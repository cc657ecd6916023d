import type { PeerEndpoint } from "@seedfleet/swarm";
import { RecentMap } from "../recent-map.ts";

/** Batches come within a second or two, and after a cut of the network within minutes. */
const KEPT_MS = 300_000;

/** Peers that stopped; of more, those longest ago are forgotten. */
export const TOMBSTONES_MAX = 100_000;

/**
 * Peers that stopped, for as long as an announce that they made before may still be on its way from
 * another tracker: it must not bring them back.
 */
export class Tombstones {
  /** When a peer stopped. */
  readonly #stoppedAtMs = new RecentMap<number>();

  get count(): number {
    return this.#stoppedAtMs.size;
  }

  stopped(infoHash: Uint8Array, peer: PeerEndpoint, atMs: number): void {
    const key = keyOf(infoHash, peer);
    const known = this.#stoppedAtMs.get(key) ?? atMs;
    this.#stoppedAtMs.put(key, Math.max(known, atMs));
    if (this.#stoppedAtMs.size > TOMBSTONES_MAX) this.#stoppedAtMs.forgetOldest();
  }

  /** Whether a peer has stopped since it announced at this time. */
  isOver(infoHash: Uint8Array, peer: PeerEndpoint, atMs: number): boolean {
    if (this.#stoppedAtMs.size === 0) return false;
    return (this.#stoppedAtMs.get(keyOf(infoHash, peer)) ?? -Infinity) > atMs;
  }

  expire(nowMs: number): void {
    const stopped = this.#stoppedAtMs;
    while (stopped.oldest !== null && nowMs - stopped.oldest.value > KEPT_MS) {
      stopped.forgetOldest();
    }
  }
}

function keyOf(infoHash: Uint8Array, { endpoint, endpointBytes }: PeerEndpoint): string {
  return `${infoHash.toHex()}${endpoint.subarray(0, endpointBytes).toHex()}`;
}
