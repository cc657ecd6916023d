import { DemandMeter } from "./demand-meter.ts";
import { FairOrder } from "./fair-order.ts";
import { MinHeap } from "./min-heap.ts";
import { PeerShare, TorrentShare, UploadClass } from "./shares.ts";
import type { LimitDemand } from "./split-limit.ts";
import { TokenBucket } from "./token-bucket.ts";
import {
  assertPromises,
  type GatewayLimits,
  type PeerLimits,
  type TorrentLimits,
  UPLOAD_CLASSES_MAX,
} from "./upload-limits.ts";

/** The shortest turn is a block as clients ask for it; a shorter one would be overdrawn anyway. */
const TURN_BYTES_MIN = 16 * 1024;

/** The longest keeps a gateway's worth of peers within a second or so of each other. */
const TURN_BYTES_MAX = 256 * 1024;

/** In between a turn takes a quarter of a millisecond of the gateway's limit. */
const TURNS_PER_SECOND = 4_000;

/**
 * Shares a gateway's upload between its peers: the limits of gateway, torrent and peer hold, and
 * who is held back by the same limit is served alike in bytes.
 *
 * A peer that wants to send asks `take`. Given 0 it waits, and `ready` will name it: the shell has
 * one timer, at `wakeAtMs`, upon which it flushes whom `ready` names until that is null. Blocks are
 * not cut: the peer sends whole ones until it has sent what it was given, and `correct` says how
 * much more (or less) that was. So a peer overdraws by less than one block, and pays it back.
 *
 * A peer waits in exactly one place: for its own limit, or among its torrent's peers; and a torrent
 * with such peers for its limit, or among those of its class, for the gateway's.
 */
export class UploadShares<Owner> {
  readonly #gateway: TokenBucket;
  readonly #meter: DemandMeter;
  readonly #order = new FairOrder<Owner>();
  readonly #ordinary: UploadClass<Owner>;
  readonly #classes = new Map<string, UploadClass<Owner>>();
  readonly #limitedPeers = new MinHeap<PeerShare<Owner>>();
  readonly #limitedTorrents = new MinHeap<TorrentShare<Owner>>();
  #turnBytes = TURN_BYTES_MAX;
  /** Whom `ready` named last, until it takes or another is named. */
  #turn: PeerShare<Owner> | null = null;

  constructor(limits: GatewayLimits, nowMs: number) {
    this.#gateway = new TokenBucket(limits.uploadBytesPerSecond, nowMs);
    this.#meter = new DemandMeter(nowMs);
    this.#ordinary = new UploadClass(0, nowMs);
    this.#order.addClass(this.#ordinary);
    this.setGatewayLimits(limits, nowMs);
  }

  /** A torrent's part, for its peers to join. It need not be given back. */
  addTorrent(limits: TorrentLimits, nowMs: number): TorrentShare<Owner> {
    return new TorrentShare(limits, this.#classNamed(limits.uploadClass), nowMs);
  }

  join(
    torrent: TorrentShare<Owner>,
    joining: PeerLimits & { readonly owner: Owner },
    nowMs: number,
  ): PeerShare<Owner> {
    return new PeerShare(torrent, joining, nowMs);
  }

  /** Forgets a peer; from then on it is given nothing and named no more. */
  leave(peer: PeerShare<Owner>): void {
    this.#stopWaiting(peer);
    peer.hasLeft = true;
  }

  /**
   * How many of the wanted bytes the peer may send now. Given 0 it waits until `ready` names it,
   * and is given 0 whatever it asks meanwhile.
   */
  take(peer: PeerShare<Owner>, wantedBytes: number, nowMs: number): number {
    if (wantedBytes <= 0 || peer.isWaiting || peer.hasLeft) return 0;
    const { torrent } = peer;
    const hasTurn = peer === this.#turn;
    if (hasTurn) this.#turn = null;
    const tokens = Math.min(
      this.#gateway.refill(nowMs),
      torrent.bucket.refill(nowMs),
      peer.bucket.refill(nowMs),
    );
    if (tokens === Number.POSITIVE_INFINITY) return wantedBytes;
    const isFirst = hasTurn || (this.#order.isEmpty && torrent.waiting.first === null);
    if (tokens <= 0 || !isFirst) {
      this.#wait(peer, nowMs);
      return 0;
    }
    if (!hasTurn) this.#order.begin(peer);
    const mostBytes = hasTurn ? Math.min(wantedBytes, this.#turnBytes) : wantedBytes;
    const givenBytes = Math.min(mostBytes, Math.ceil(tokens));
    this.#charge(peer, givenBytes);
    // What went while nobody waited is held against nobody, but for one turn.
    peer.startTime += Math.min(givenBytes, this.#turnBytes);
    return givenBytes;
  }

  /** Charges what a peer sent beyond what it was given; negative if it sent less. */
  correct(peer: PeerShare<Owner>, bytes: number): void {
    if (bytes === 0 || this.#isUnlimited(peer)) return;
    this.#charge(peer, bytes);
    peer.startTime += bytes;
  }

  /** The next waiting peer whose turn it is, which waits no more, or null. */
  ready(nowMs: number): PeerShare<Owner> | null {
    this.#turn = null;
    this.#endWaits(nowMs);
    if (this.#order.isEmpty) {
      this.#meter.released(nowMs);
      return null;
    }
    if (this.#gateway.refill(nowMs) <= 0) {
      this.#meter.heldBack(nowMs);
      return null;
    }
    this.#turn = this.#order.next(nowMs);
    return this.#turn;
  }

  /** When to call `ready` again, or null if nobody waits for a moment that will come. */
  wakeAtMs(nowMs: number): number | null {
    const limitedMs = Math.min(this.#limitedPeers.firstKey, this.#limitedTorrents.firstKey);
    const orderedMs = this.#order.isEmpty ? Number.POSITIVE_INFINITY : this.#gateway.readyAtMs;
    const wakeMs = Math.min(limitedMs, orderedMs);
    return wakeMs === Number.POSITIVE_INFINITY ? null : Math.max(wakeMs, nowMs);
  }

  /** What was wanted since the last time this was asked, for `splitLimit`. */
  demand(nowMs: number): LimitDemand {
    return this.#meter.read(nowMs);
  }

  /**
   * Changes the limits from now on; like the other two it may make `wakeAtMs` sooner. A torrent
   * whose class is promised something for the first time must be set again to be of that class.
   */
  setGatewayLimits({ uploadBytesPerSecond, promises }: GatewayLimits, nowMs: number): void {
    assertPromises(promises);
    this.#gateway.setRate(uploadBytesPerSecond, nowMs);
    this.#turnBytes = turnBytes(uploadBytesPerSecond);
    for (const name of Object.keys(promises)) this.#addClass(name, nowMs);
    for (const [name, { promise }] of this.#classes) {
      promise.setRate((promises[name] ?? 0) * (uploadBytesPerSecond ?? 0), nowMs);
    }
  }

  setTorrentLimits(torrent: TorrentShare<Owner>, limits: TorrentLimits, nowMs: number): void {
    const uploadClass = this.#classNamed(limits.uploadClass);
    if (torrent.uploadClass !== uploadClass) {
      this.#order.leave(torrent);
      torrent.uploadClass = uploadClass;
      torrent.offset = uploadClass.virtualTime - torrent.virtualTime;
    }
    torrent.bucket.setRate(limits.uploadBytesPerSecond, nowMs);
    this.#placeTorrent(torrent);
  }

  setPeerLimits(peer: PeerShare<Owner>, limits: PeerLimits, nowMs: number): void {
    peer.bucket.setRate(limits.uploadBytesPerSecond, nowMs);
    if (!peer.isWaiting) return;
    this.#stopWaiting(peer);
    this.#wait(peer, nowMs);
  }

  #charge(peer: PeerShare<Owner>, bytes: number): void {
    const { torrent } = peer;
    this.#gateway.charge(bytes);
    torrent.bucket.charge(bytes);
    peer.bucket.charge(bytes);
    if (peer.byPromise) torrent.uploadClass.promise.charge(bytes);
    this.#meter.sent(peer, bytes);
    if (torrent.bucket.tokens <= 0) this.#placeTorrent(torrent);
  }

  /** What such a peer is sent is not counted, so it must not make a debt either. */
  #isUnlimited({ torrent, bucket }: PeerShare<Owner>): boolean {
    const tokens = Math.min(this.#gateway.tokens, torrent.bucket.tokens, bucket.tokens);
    return tokens === Number.POSITIVE_INFINITY;
  }

  #wait(peer: PeerShare<Owner>, nowMs: number): void {
    const { torrent, bucket } = peer;
    if (bucket.tokens <= 0) return this.#limitedPeers.put(peer, bucket.readyAtMs);
    torrent.waiting.put(peer, Math.max(peer.startTime, torrent.virtualTime));
    this.#placeTorrent(torrent);
    if (!this.#order.isEmpty && this.#gateway.tokens <= 0) this.#meter.heldBack(nowMs);
  }

  #stopWaiting(peer: PeerShare<Owner>): void {
    if (!peer.isWaiting) return;
    this.#limitedPeers.remove(peer);
    peer.torrent.waiting.remove(peer);
    this.#placeTorrent(peer.torrent);
  }

  /** Lets a torrent wait where it must: for its limit, in the fair order, or not at all. */
  #placeTorrent(torrent: TorrentShare<Owner>): void {
    const hasPeers = torrent.waiting.first !== null;
    const isLimited = torrent.bucket.tokens <= 0;
    if (!hasPeers || isLimited) this.#order.leave(torrent);
    if (!hasPeers || !isLimited) this.#limitedTorrents.remove(torrent);
    if (!hasPeers) return;
    if (isLimited) this.#limitedTorrents.put(torrent, torrent.bucket.readyAtMs);
    else this.#order.enter(torrent);
  }

  /** Moves on whoever waited for its own limit, or its torrent's, and need not any more. */
  #endWaits(nowMs: number): void {
    while (this.#limitedPeers.firstKey <= nowMs) {
      const peer = this.#limitedPeers.first;
      if (peer === null) break;
      this.#limitedPeers.remove(peer);
      peer.bucket.refill(nowMs);
      this.#wait(peer, nowMs);
    }
    while (this.#limitedTorrents.firstKey <= nowMs) {
      const torrent = this.#limitedTorrents.first;
      if (torrent === null) break;
      torrent.bucket.refill(nowMs);
      this.#placeTorrent(torrent);
    }
  }

  /** The class of a name that was promised something, or that of all others. */
  #classNamed(name: string | null): UploadClass<Owner> {
    return (name === null ? null : this.#classes.get(name)) ?? this.#ordinary;
  }

  #addClass(name: string, nowMs: number): void {
    if (this.#classes.has(name) || this.#classes.size >= UPLOAD_CLASSES_MAX) return;
    const added = new UploadClass<Owner>(0, nowMs);
    this.#classes.set(name, added);
    this.#order.addClass(added);
  }
}

/** How many bytes a peer may send in a turn while others wait. */
function turnBytes(uploadBytesPerSecond: number | null): number {
  const bytes = (uploadBytesPerSecond ?? Number.POSITIVE_INFINITY) / TURNS_PER_SECOND;
  return Math.min(Math.max(Math.round(bytes), TURN_BYTES_MIN), TURN_BYTES_MAX);
}
