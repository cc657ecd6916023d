import type { AnnounceRequest } from "../announces/announce-request.ts";

/** Batches come within a second or two, and after a cut of the network within minutes. */
const KEPT_MS = 300_000;

/** Peers that stopped; of more, those longest ago are forgotten. */
const PEERS_MAX = 100_000;

/**
 * Peers that stopped, for as long as an announce that they made before may still be on its way from
 * another tracker: it must not bring them back.
 */
export class Tombstones {
  /** When a peer stopped, the longest ago first. */
  readonly #stoppedAtMs = new Map<string, number>();

  get count(): number {
    return this.#stoppedAtMs.size;
  }

  stopped(request: AnnounceRequest, atMs: number): void {
    const key = keyOf(request);
    this.#stoppedAtMs.delete(key);
    this.#stoppedAtMs.set(key, atMs);
    if (this.#stoppedAtMs.size <= PEERS_MAX) return;
    const [oldest] = this.#stoppedAtMs.keys();
    if (oldest !== undefined) this.#stoppedAtMs.delete(oldest);
  }

  /** Whether a peer has stopped since it made this announce. */
  isOver(request: AnnounceRequest, atMs: number): boolean {
    if (this.#stoppedAtMs.size === 0) return false;
    return (this.#stoppedAtMs.get(keyOf(request)) ?? -Infinity) > atMs;
  }

  expire(nowMs: number): void {
    for (const [key, atMs] of this.#stoppedAtMs) {
      if (nowMs - atMs <= KEPT_MS) return;
      this.#stoppedAtMs.delete(key);
    }
  }
}

function keyOf({ infoHash, endpoint, endpointBytes }: AnnounceRequest): string {
  return `${infoHash.toHex()}${endpoint.subarray(0, endpointBytes).toHex()}`;
}
