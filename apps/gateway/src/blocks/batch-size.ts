import {
  BATCH_BYTES_MAX,
  CROWD_BATCH_BYTES_MAX,
  WAITING_BATCH_BYTES_MAX,
  WAITING_BYTES_MAX,
  WAITING_SHARE_MAX,
} from "../peers/peer-limits.ts";

/** With so many peers that are sent blocks at a time, batches are shorter. */
const CROWD_PEERS_MIN = 16;

/** Who is sent nothing for so long is not one of them. */
const WINDOW_MS = 10;

/** Whoever counts as being sent blocks. */
export type Counted = { countedIn: number };

/**
 * How long the batches of one thread's peers may be. A batch costs the waking of its receiver, so
 * few peers get long ones; with many, what is on its way at a time no longer fits the processor's
 * caches, and shorter ones are cheaper (bench `seed`: 8 % and 17 % apart).
 *
 * What sockets have not taken is memory that no cache's budget counts, as far as it was copied or
 * encrypted for them. So once there is much of it, each peer is handed a block at a time.
 */
export class BatchSize {
  readonly #waitingBytesMax: number;
  #waitingBytes = 0;
  #window = 0;
  #peers = 0;
  #peersBefore = 0;

  /** The thread's part of the cache's budget. */
  constructor({ cacheBytes }: { readonly cacheBytes: number }) {
    this.#waitingBytesMax = Math.min(cacheBytes * WAITING_SHARE_MAX, WAITING_BYTES_MAX);
  }

  /** A socket holds so many bytes; what this gives is to be called once it has taken them. */
  waits(bytes: number): () => void {
    this.#waitingBytes += bytes;
    return () => {
      this.#waitingBytes -= bytes;
    };
  }

  /** Counts a peer that is sent blocks now, and gives the most of its batch. */
  bytesFor(peer: Counted, nowMs: number): number {
    const window = Math.floor(nowMs / WINDOW_MS);
    if (window !== this.#window) {
      this.#peersBefore = window === this.#window + 1 ? this.#peers : 0;
      this.#peers = 0;
      this.#window = window;
    }
    if (peer.countedIn !== window) {
      peer.countedIn = window;
      this.#peers += 1;
    }
    if (this.#waitingBytes > this.#waitingBytesMax) return WAITING_BATCH_BYTES_MAX;
    const isCrowd = Math.max(this.#peers, this.#peersBefore) >= CROWD_PEERS_MIN;
    return isCrowd ? CROWD_BATCH_BYTES_MAX : BATCH_BYTES_MAX;
  }
}
