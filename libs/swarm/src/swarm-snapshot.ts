import { PARTIAL_SEED, STAMP_MASK, TAIL_SHIFT, writeWord } from "./peer-entry.ts";
import type { PeerIds } from "./peer-ids.ts";
import type { PeerPools } from "./peer-pools.ts";
import type { PeerState, SwarmPeer } from "./swarm-peer.ts";
import { DOWNLOADED_AT, INFO_HASH_WORDS, type SwarmRows } from "./swarm-rows.ts";
import type { TickClock } from "./tick-clock.ts";

const WORD_BYTES = 4;
const POOLS = 4;

export type SnapshotPeer = SwarmPeer & {
  /** How long ago it announced, to the second or so. */
  readonly ageMs: number;
  /** False if `peerId` is of no meaning. */
  readonly peerIdKnown: boolean;
};

/** Both objects are used again for the next: copy what is to be kept. */
export type SnapshotVisitor = {
  /** The peers told next are of this swarm; a long one is begun several times. */
  swarm(infoHash: Uint8Array, downloaded: number): void;
  peer(peer: SnapshotPeer): void;
};

/** Where a snapshot goes on. A new one is at the beginning. */
export class SnapshotCursor {
  row = 0;
  pool = 0;
  /** Entries of the pool from here on have been told. */
  end: number = Number.POSITIVE_INFINITY;
}

export type Snapshotted = {
  readonly rows: SwarmRows;
  readonly ipv4: PeerPools;
  readonly ipv6: PeerPools;
  readonly clock: TickClock;
  readonly peerIds: PeerIds;
};

/**
 * Tells of every swarm and peer, in slices. Rows do not move, and a pool is told from its end,
 * where the place of a peer that leaves is filled from: whoever stays is told.
 */
export class SwarmSnapshot {
  readonly #of: Snapshotted;
  readonly #infoHash = new Uint8Array(INFO_HASH_WORDS * WORD_BYTES);
  readonly #peer = {
    endpoint: new Uint8Array(18),
    endpointBytes: 6 as 6 | 18,
    peerId: new Uint8Array(20),
    state: "leecher" as PeerState,
    ageMs: 0,
    peerIdKnown: false,
  };

  constructor(of: Snapshotted) {
    this.#of = of;
  }

  readInfoHash(row: number, into: Uint8Array): void {
    const { rows } = this.#of;
    for (let word = 0; word < INFO_HASH_WORDS; word += 1) {
      writeWord(rows.get(row, word), into, word * WORD_BYTES);
    }
  }

  /** Goes on for about `stepsMax` swarms and peers. Whether all has been told. */
  tell(cursor: SnapshotCursor, visitor: SnapshotVisitor, stepsMax: number): boolean {
    const { rows } = this.#of;
    let steps = 0;
    while (cursor.row < rows.end) {
      if (rows.isUsed(cursor.row)) {
        if (steps >= stepsMax) return false;
        this.readInfoHash(cursor.row, this.#infoHash);
        visitor.swarm(this.#infoHash, rows.get(cursor.row, DOWNLOADED_AT));
        steps += 1;
        for (; cursor.pool < POOLS; cursor.pool += 1) {
          steps += this.#tellPool(cursor, visitor, stepsMax - steps);
          if (cursor.end > 0) return false;
          cursor.end = Number.POSITIVE_INFINITY;
        }
      }
      cursor.row += 1;
      cursor.pool = 0;
      cursor.end = Number.POSITIVE_INFINITY;
    }
    return true;
  }

  #tellPool(cursor: SnapshotCursor, visitor: SnapshotVisitor, stepsMax: number): number {
    const { ipv4, ipv6 } = this.#of;
    const pools = cursor.pool < 2 ? ipv4 : ipv6;
    const owner = cursor.row * POOLS + cursor.pool;
    let steps = 0;
    cursor.end = Math.min(cursor.end, pools.count(owner));
    while (cursor.end > 0 && steps < stepsMax) {
      cursor.end -= 1;
      this.#read(pools, owner, cursor.end);
      visitor.peer(this.#peer);
      steps += 1;
    }
    return steps;
  }

  #read(pools: PeerPools, owner: number, position: number): void {
    const { clock, peerIds } = this.#of;
    const words = pools.words(owner);
    const start = pools.start(owner) + position * pools.entryWords;
    const last = pools.entryWords - 1;
    const portAndTail = words[start + last] ?? 0;
    const tail = portAndTail >>> TAIL_SHIFT;
    const peer = this.#peer;
    for (let word = 0; word < last; word += 1) {
      writeWord(words[start + word] ?? 0, peer.endpoint, word * WORD_BYTES);
    }
    peer.endpoint[last * WORD_BYTES] = portAndTail;
    peer.endpoint[last * WORD_BYTES + 1] = portAndTail >>> 8;
    peer.endpointBytes = pools === this.#of.ipv4 ? 6 : 18;
    const uploader = tail & PARTIAL_SEED ? "partial-seed" : "seed";
    peer.state = (owner & 1) === 0 ? "leecher" : uploader;
    peer.ageMs = (clock.now - clock.stampedAt(tail & STAMP_MASK)) * clock.tickMs;
    const place = { into: peer.peerId, to: 0 };
    peer.peerIdKnown = peerIds.read(owner >>> 2, pools.hash.of(words, start), place);
  }
}
