import { DemandMeter } from "./demand-meter.ts";
import { FairOrder } from "./fair-order.ts";
import { MinHeap } from "./min-heap.ts";
import { PeerShare, TorrentShare, type UploadDemand } from "./shares.ts";
import type { LimitDemand } from "./split-limit.ts";
import { TokenBucket } from "./token-bucket.ts";
import { UploadClasses } from "./upload-classes.ts";
import {
  assertClasses,
  type GatewayLimits,
  type PeerLimits,
  type TorrentLimits,
} from "./upload-limits.ts";

/** The shortest turn is a block as clients ask for it; a shorter one would be overdrawn anyway. */
const TURN_BYTES_MIN = 16 * 1024;

/** The longest keeps a gateway's worth of peers within a second or so of each other. */
const TURN_BYTES_MAX = 256 * 1024;

/** In between a turn takes a quarter of a millisecond of the gateway's limit. */
const TURNS_PER_SECOND = 4_000;

/**
 * Shares a gateway's upload between its peers: the limits of gateway, class, torrent and peer hold,
 * and who is held back by the same limit is served alike in bytes.
 *
 * A peer that wants to send asks `take`. Given 0 it waits, and `ready` will name it: the shell has
 * one timer, at `wakeAtMs`, upon which it flushes whom `ready` names until that is null. Blocks are
 * not cut: the peer sends whole ones until it has sent what it was given, and `correct` says how
 * much more (or less) that was. So a peer overdraws by less than one block, and pays it back.
 *
 * A peer waits in exactly one place: for its own limit, or among its torrent's peers; and a torrent
 * with such peers for its limit, or among those of its class, for the class's or the gateway's.
 */
export class UploadShares<Owner> {
  readonly #gateway: TokenBucket;
  readonly #meter: DemandMeter;
  readonly #order = new FairOrder<Owner>();
  readonly #classes: UploadClasses<Owner>;
  /** Those that have peers. */
  readonly #torrents = new Set<TorrentShare<Owner>>();
  readonly #limitedPeers = new MinHeap<PeerShare<Owner>>();
  readonly #limitedTorrents = new MinHeap<TorrentShare<Owner>>();
  #turnBytes = TURN_BYTES_MAX;
  /** Whom `ready` named last, until it takes or another is named. */
  #turn: PeerShare<Owner> | null = null;
  /** How often the demand was read, to tell the first bytes of a peer since. */
  #interval = 1;
  /** As of the last call. */
  #nowMs: number;

  constructor(limits: GatewayLimits, nowMs: number) {
    this.#gateway = new TokenBucket(limits.uploadBytesPerSecond, nowMs);
    this.#meter = new DemandMeter(nowMs);
    this.#classes = new UploadClasses(nowMs);
    this.#order.setClasses(this.#classes.all);
    this.#nowMs = nowMs;
    this.setGatewayLimits(limits, nowMs);
  }

  /** What was sent so far while some limit held. */
  get limitedBytes(): number {
    return this.#meter.totalBytes;
  }

  /** A torrent's part, for its peers to join. It need not be given back. */
  addTorrent(limits: TorrentLimits, nowMs: number): TorrentShare<Owner> {
    return new TorrentShare(limits, this.#classes.named(limits.uploadClass), nowMs);
  }

  join(
    torrent: TorrentShare<Owner>,
    joining: PeerLimits & { readonly owner: Owner },
    nowMs: number,
  ): PeerShare<Owner> {
    torrent.peerCount += 1;
    if (torrent.peerCount === 1) {
      this.#torrents.add(torrent);
      this.#classify(torrent);
    }
    return new PeerShare(torrent, joining, nowMs);
  }

  /** Forgets a peer; from then on it is given nothing and named no more. */
  leave(peer: PeerShare<Owner>): void {
    if (peer.hasLeft) return;
    this.#stopWaiting(peer);
    peer.hasLeft = true;
    peer.torrent.peerCount -= 1;
    if (peer.torrent.peerCount === 0) this.#torrents.delete(peer.torrent);
  }

  /**
   * How many of the wanted bytes the peer may send now. Given 0 it waits until `ready` names it,
   * and is given 0 whatever it asks meanwhile.
   */
  take(peer: PeerShare<Owner>, wantedBytes: number, nowMs: number): number {
    if (wantedBytes <= 0 || peer.isWaiting || peer.hasLeft) return 0;
    const { torrent } = peer;
    const { uploadClass } = torrent;
    const hasTurn = peer === this.#turn;
    if (hasTurn) this.#turn = null;
    const tokens = Math.min(
      this.#gateway.refill(nowMs),
      uploadClass.limit.refill(nowMs),
      torrent.bucket.refill(nowMs),
      peer.bucket.refill(nowMs),
    );
    if (tokens === Number.POSITIVE_INFINITY) return wantedBytes;
    this.#nowMs = nowMs;
    const isFirst = hasTurn || this.#isFree(torrent);
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
    this.#nowMs = nowMs;
    this.#endWaits(nowMs);
    if (this.#order.isEmpty || this.#gateway.refill(nowMs) <= 0) {
      if (this.#order.isEmpty) this.#meter.released(nowMs);
      else this.#meter.heldBack(nowMs);
      this.#classes.noteWaits(nowMs);
      return null;
    }
    this.#turn = this.#order.next(nowMs);
    return this.#turn;
  }

  /** When to call `ready` again, or null if nobody waits for a moment that will come. */
  wakeAtMs(nowMs: number): number | null {
    const limitedMs = Math.min(this.#limitedPeers.firstKey, this.#limitedTorrents.firstKey);
    const orderedMs = this.#order.isEmpty ? Number.POSITIVE_INFINITY : this.#gateway.readyAtMs;
    const wakeMs = Math.min(limitedMs, orderedMs, this.#classes.readyAtMs);
    return wakeMs === Number.POSITIVE_INFINITY ? null : Math.max(wakeMs, nowMs);
  }

  /** What was wanted since the last time this was asked, for `splitLimit`. */
  demand(nowMs: number): UploadDemand<Owner> {
    this.#interval += 1;
    const torrents = new Map<TorrentShare<Owner>, LimitDemand>();
    for (const torrent of this.#torrents) {
      if (torrent.meter !== null) torrents.set(torrent, torrent.meter.read(nowMs));
    }
    // Nobody tells of it when the last one that waited has left.
    if (this.#order.isEmpty) this.#meter.released(nowMs);
    const gateway = this.#meter.read(nowMs);
    return { gateway, classes: this.#classes.demand(nowMs), torrents };
  }

  /** Changes the limits from now on; like the other two it may make `wakeAtMs` sooner. */
  setGatewayLimits(limits: GatewayLimits, nowMs: number): void {
    assertClasses(limits);
    const { uploadBytesPerSecond } = limits;
    this.#nowMs = nowMs;
    this.#gateway.setRate(uploadBytesPerSecond, nowMs);
    this.#turnBytes = turnBytes(uploadBytesPerSecond);
    if (this.#classes.keep(limits, nowMs)) {
      for (const torrent of this.#torrents) this.#classify(torrent);
      this.#order.setClasses(this.#classes.all);
    }
    this.#classes.setRates(limits, nowMs);
  }

  setTorrentLimits(torrent: TorrentShare<Owner>, limits: TorrentLimits, nowMs: number): void {
    this.#nowMs = nowMs;
    torrent.className = limits.uploadClass;
    this.#classify(torrent);
    if (limits.measured !== true) torrent.meter = null;
    else torrent.meter ??= new DemandMeter(nowMs);
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
    const { uploadClass } = torrent;
    this.#gateway.charge(bytes);
    uploadClass.limit.charge(bytes);
    torrent.bucket.charge(bytes);
    peer.bucket.charge(bytes);
    if (peer.byPromise) uploadClass.promise.charge(bytes);
    const isFirst = peer.countedInterval !== this.#interval;
    peer.countedInterval = this.#interval;
    this.#meter.sent(bytes, isFirst);
    uploadClass.meter.sent(bytes, isFirst);
    torrent.meter?.sent(bytes, isFirst);
    if (torrent.bucket.tokens <= 0) this.#placeTorrent(torrent);
  }

  /** What such a peer is sent is not counted, so it must not make a debt either. */
  #isUnlimited({ torrent, bucket }: PeerShare<Owner>): boolean {
    const ofClass = torrent.uploadClass.limit.tokens;
    const tokens = Math.min(this.#gateway.tokens, ofClass, torrent.bucket.tokens, bucket.tokens);
    return tokens === Number.POSITIVE_INFINITY;
  }

  /** Whether nobody waits for what the torrent's peer would be given. */
  #isFree({ uploadClass, waiting }: TorrentShare<Owner>): boolean {
    // Whoever waits for the class's limit may be about to be named.
    return this.#order.isEmpty && uploadClass.waiting.first === null && waiting.first === null;
  }

  #wait(peer: PeerShare<Owner>, nowMs: number): void {
    const { torrent, bucket } = peer;
    if (bucket.tokens <= 0) return this.#limitedPeers.put(peer, bucket.readyAtMs);
    torrent.waiting.put(peer, Math.max(peer.startTime, torrent.virtualTime));
    this.#placeTorrent(torrent);
    if (torrent.uploadClass.isHeldBack) torrent.uploadClass.meter.heldBack(nowMs);
    else if (!this.#order.isEmpty && this.#gateway.tokens <= 0) this.#meter.heldBack(nowMs);
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
    if (!hasPeers || !isLimited) {
      this.#limitedTorrents.remove(torrent);
      torrent.meter?.released(this.#nowMs);
    }
    if (!hasPeers) return;
    if (!isLimited) return this.#order.enter(torrent);
    this.#limitedTorrents.put(torrent, torrent.bucket.readyAtMs);
    torrent.meter?.heldBack(this.#nowMs);
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
    this.#classes.refill(nowMs);
  }

  /** Puts a torrent into the class of its name. */
  #classify(torrent: TorrentShare<Owner>): void {
    const uploadClass = this.#classes.named(torrent.className);
    if (torrent.uploadClass === uploadClass) return;
    this.#order.leave(torrent);
    torrent.uploadClass = uploadClass;
    torrent.offset = uploadClass.virtualTime - torrent.virtualTime;
    this.#placeTorrent(torrent);
  }
}

/** How many bytes a peer may send in a turn while others wait. */
function turnBytes(uploadBytesPerSecond: number | null): number {
  const bytes = (uploadBytesPerSecond ?? Number.POSITIVE_INFINITY) / TURNS_PER_SECOND;
  return Math.min(Math.max(Math.round(bytes), TURN_BYTES_MIN), TURN_BYTES_MAX);
}
