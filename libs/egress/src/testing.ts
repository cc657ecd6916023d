import { type HeapItem, MinHeap } from "./min-heap.ts";
import type { PeerShare, TorrentShare } from "./shares.ts";
import type { GatewayLimits } from "./upload-limits.ts";
import { UploadShares } from "./upload-shares.ts";

export const KIB = 1024;
export const MIB: number = 1024 * 1024;

/** What a gateway sends at once at most, as its block path does. */
const BATCH_BYTES = MIB;

/** What a peer with a slow line has asked for, and its socket takes, at a time. */
const SLOW_LINE_BYTES = 64 * KIB;

export type Leeching = {
  readonly torrent: TorrentShare<SimulatedPeer>;
  readonly uploadBytesPerSecond?: number | null;
  /** The lengths of its blocks, in turns. */
  readonly blockBytes?: readonly number[];
  /** How fast its own line takes blocks; null takes whatever comes. */
  readonly lineBytesPerSecond?: number | null;
  /** The share of what it is given that is sent nothing of, as if its piece were not cached. */
  readonly missShare?: number;
};

type Chances = {
  readonly seed?: number;
  /** How late a timer may be. */
  readonly lateMsMax?: number;
};

/** A leecher that always has requests, and the connection that answers them. */
export class SimulatedPeer implements HeapItem {
  readonly share: PeerShare<SimulatedPeer>;
  readonly torrent: TorrentShare<SimulatedPeer>;
  readonly blocks: readonly number[];
  readonly lineBytesPerSecond: number | null;
  readonly missShare: number;
  sentBytes = 0;
  blockCount = 0;
  idleUntilMs = 0;
  key = 0;
  heapIndex: number | null = null;

  constructor(shares: UploadShares<SimulatedPeer>, leeching: Leeching, nowMs: number) {
    const { torrent, uploadBytesPerSecond = null } = leeching;
    this.torrent = torrent;
    this.share = shares.join(torrent, { uploadBytesPerSecond, owner: this }, nowMs);
    this.blocks = leeching.blockBytes ?? [16 * KIB];
    this.lineBytesPerSecond = leeching.lineBytesPerSecond ?? null;
    this.missShare = leeching.missShare ?? 0;
  }
}

/** A gateway whose sockets take everything at once, with one timer, which is late. */
export class SimulatedGateway {
  readonly shares: UploadShares<SimulatedPeer>;
  readonly peers: Set<SimulatedPeer> = new Set();
  readonly chance: () => number;
  readonly #lateMsMax: number;
  /** Peers whose line is busy, by when it is free again. */
  readonly #busy = new MinHeap<SimulatedPeer>();
  nowMs = 0;
  sentBytes = 0;
  wakes = 0;

  constructor(limits: Partial<GatewayLimits>, { seed = 1, lateMsMax = 2 }: Chances = {}) {
    const given = { uploadBytesPerSecond: null, promises: {}, ...limits };
    this.shares = new UploadShares(given, 0);
    this.chance = seededChance(seed);
    this.#lateMsMax = lateMsMax;
  }

  torrent(
    uploadBytesPerSecond: number | null = null,
    uploadClass: string | null = null,
  ): TorrentShare<SimulatedPeer> {
    return this.shares.addTorrent({ uploadBytesPerSecond, uploadClass }, this.nowMs);
  }

  join(leeching: Leeching): SimulatedPeer {
    const peer = new SimulatedPeer(this.shares, leeching, this.nowMs);
    this.peers.add(peer);
    this.#busy.put(peer, this.nowMs);
    return peer;
  }

  joinMany(count: number, leeching: Leeching): SimulatedPeer[] {
    return Array.from({ length: count }, () => this.join(leeching));
  }

  /** Lets a peer want nothing for a while. */
  idle(peer: SimulatedPeer, seconds: number): void {
    peer.idleUntilMs = this.nowMs + seconds * 1_000;
    this.#busy.put(peer, peer.idleUntilMs);
    this.run(seconds);
  }

  leave(peer: SimulatedPeer): void {
    this.shares.leave(peer.share);
    this.#busy.remove(peer);
    this.peers.delete(peer);
  }

  run(seconds: number): void {
    const untilMs = this.nowMs + seconds * 1_000;
    let timerMs = this.#timerMs();
    for (;;) {
      const nextMs = Math.min(timerMs, this.#busy.firstKey);
      if (nextMs >= untilMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      const free = this.#busy.first;
      if (free !== null && free.key <= this.nowMs) {
        this.#busy.remove(free);
        this.#flush(free);
      }
      if (timerMs <= this.nowMs) this.#wake();
      // A timer is only set anew when it ran, or when it must run sooner.
      const wakeMs = this.#timerMs();
      if (timerMs <= this.nowMs || wakeMs < timerMs) timerMs = wakeMs;
    }
    this.nowMs = untilMs;
  }

  /** The bytes that each of these peers is sent in a time. */
  sentIn(seconds: number, peers: readonly SimulatedPeer[]): number[] {
    const before = peers.map((peer) => peer.sentBytes);
    this.run(seconds);
    return peers.map((peer, index) => peer.sentBytes - (before[index] ?? 0));
  }

  #wake(): void {
    this.wakes += 1;
    for (let share = this.shares.ready(this.nowMs); share !== null; ) {
      this.#flush(share.owner);
      share = this.shares.ready(this.nowMs);
    }
  }

  /** Timers fire on whole milliseconds, and up to some more late. */
  #timerMs(): number {
    const wakeMs = this.shares.wakeAtMs(this.nowMs);
    if (wakeMs === null) return Number.POSITIVE_INFINITY;
    return Math.ceil(Math.max(wakeMs, this.nowMs + 1e-9) + this.chance() * this.#lateMsMax);
  }

  #flush(peer: SimulatedPeer): void {
    const wantedBytes = peer.lineBytesPerSecond === null ? BATCH_BYTES : SLOW_LINE_BYTES;
    // One that waited when its requests ended is named in vain.
    while (this.nowMs >= peer.idleUntilMs) {
      const givenBytes = this.shares.take(peer.share, wantedBytes, this.nowMs);
      if (givenBytes === 0) return;
      const sentBytes = this.chance() < peer.missShare ? 0 : wholeBlocks(peer, givenBytes);
      this.shares.correct(peer.share, sentBytes - givenBytes);
      peer.sentBytes += sentBytes;
      this.sentBytes += sentBytes;
      const lineMs = sentBytes === 0 ? 3 : lineTimeMs(peer, sentBytes);
      if (lineMs > 0) return this.#busy.put(peer, this.nowMs + lineMs);
    }
  }
}

function lineTimeMs({ lineBytesPerSecond }: SimulatedPeer, bytes: number): number {
  return lineBytesPerSecond === null ? 0 : (bytes * 1_000) / lineBytesPerSecond;
}

/** Blocks are sent whole, until no more was given. */
function wholeBlocks(peer: SimulatedPeer, givenBytes: number): number {
  let sentBytes = 0;
  while (sentBytes < givenBytes) {
    sentBytes += peer.blocks[peer.blockCount % peer.blocks.length] ?? 0;
    peer.blockCount += 1;
  }
  return sentBytes;
}

/** Jain's index: 1 where all have the same, 1/n where one has everything. */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return (sum * sum) / (values.length * squares);
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Numbers from 0 to 1, the same for the same seed. */
export function seededChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
