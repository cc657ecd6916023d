import { Bitfield } from "@seedfleet/bitfield";
import type { PeerKey, SuperSeedReport } from "@seedfleet/choker";
import { SUPER_SEED_HAD_MAX, SUPER_SEED_JOINED_MAX } from "@seedfleet/contracts";

/** A peer says what it has right behind its handshake, or has nothing. */
export const SAYS_WHAT_IT_HAS_MS_MAX = 250;

/** Who wants a piece that it is told of says so at once, over a slow link within seconds. */
export const DECLINES_AFTER_MS = 5_000;

/** How a peer is told what we have (BEP 16). */
export interface TellsPieces {
  /** From now on it seems to it that we have these as well. */
  tell(pieces: readonly number[] | "all"): void;
}

/** What is to be told of the leechers here, some at a time. */
export type LeecherReport = Pick<SuperSeedReport, "left" | "had" | "declined"> & {
  readonly joined: readonly {
    readonly leecher: string;
    readonly have: Bitfield;
    readonly told: readonly number[];
  }[];
  /** Whether there is more to tell at once. */
  readonly hasMore: boolean;
};

type Leecher = {
  readonly name: string;
  /** Its connections; it is told of pieces by the first. */
  readonly peers: Map<PeerKey, TellsPieces>;
  readonly have: Bitfield;
  /** What it was told of and has not got, its offer last. */
  readonly told: Set<number>;
  /** What it got that was not reported. */
  readonly news: number[];
  readonly joinedAtMs: number;
  saidWhatItHas: boolean;
  isReported: boolean;
  /** Those of its connections that want something. */
  readonly interested: Set<PeerKey>;
  /** When it was told of its offer; null where it was not, or has it, or declined it. */
  offeredAtMs: number | null;
};

/**
 * The leechers that one gateway super-seeds a torrent to: what each has and was told of, and what
 * of that whoever decides (the swarm's scheduler, or this gateway) does not know yet.
 */
export class SeededLeechers {
  readonly #pieceCount: number;
  readonly #leechers = new Map<string, Leecher>();
  readonly #ofPeers = new Map<PeerKey, Leecher>();
  /** Names of those that are gone and were reported. */
  readonly #left = new Set<string>();

  constructor(pieceCount: number) {
    this.#pieceCount = pieceCount;
  }

  get count(): number {
    return this.#leechers.size;
  }

  /** Whether nobody is here, and whoever decides knows that. */
  get isSilent(): boolean {
    return this.#leechers.size === 0 && this.#left.size === 0;
  }

  join(name: string, peerKey: PeerKey, peer: TellsPieces, nowMs: number): void {
    const leecher = this.#leechers.get(name) ?? this.#made(name, nowMs);
    leecher.peers.set(peerKey, peer);
    this.#ofPeers.set(peerKey, leecher);
  }

  /** Only now it is known who a peer is: what it has and was told of goes with it. */
  rename(peerKey: PeerKey, name: string, nowMs: number): void {
    const before = this.#ofPeers.get(peerKey);
    const peer = before?.peers.get(peerKey);
    if (before === undefined || peer === undefined || before.name === name) return;
    const told = [...before.told];
    const wasInterested = before.interested.has(peerKey);
    this.leave(peerKey);
    this.join(name, peerKey, peer, nowMs);
    const leecher = this.#ofPeers.get(peerKey);
    for (const piece of told) if (leecher?.have.has(piece) === false) leecher.told.add(piece);
    if (leecher !== undefined && told.length > 0) leecher.offeredAtMs ??= nowMs;
    if (before.saidWhatItHas) this.had(peerKey, [...before.have.pieces()]);
    this.interestChanged(peerKey, wasInterested);
  }

  /** A peer said what it has. True when one may be given an offer that could not before. */
  had(peerKey: PeerKey, pieces: readonly number[]): boolean {
    const leecher = this.#ofPeers.get(peerKey);
    if (leecher === undefined) return false;
    let isDue = !leecher.saidWhatItHas;
    leecher.saidWhatItHas = true;
    for (const piece of pieces) {
      if (piece >= this.#pieceCount || !leecher.have.add(piece)) continue;
      if (leecher.told.delete(piece)) isDue = true;
      if (leecher.told.size === 0) leecher.offeredAtMs = null;
      if (leecher.isReported) leecher.news.push(piece);
    }
    return isDue;
  }

  interestChanged(peerKey: PeerKey, isInterested: boolean): void {
    const interested = this.#ofPeers.get(peerKey)?.interested;
    if (isInterested) interested?.add(peerKey);
    else interested?.delete(peerKey);
  }

  leave(peerKey: PeerKey): void {
    const leecher = this.#ofPeers.get(peerKey);
    if (leecher === undefined) return;
    const [teller] = leecher.peers.keys();
    this.#ofPeers.delete(peerKey);
    leecher.peers.delete(peerKey);
    leecher.interested.delete(peerKey);
    if (leecher.peers.size > 0 && teller !== peerKey) return;
    if (leecher.isReported) this.#left.add(leecher.name);
    if (leecher.peers.size === 0) this.#leechers.delete(leecher.name);
    else {
      // By its other connection it was told of nothing.
      leecher.told.clear();
      leecher.offeredAtMs = null;
      this.#unreport(leecher);
    }
  }

  /** Tells the leecher of a piece, if it is still here. */
  offered(name: string, piece: number, nowMs: number): void {
    const leecher = this.#leechers.get(name);
    if (leecher === undefined || piece >= this.#pieceCount) return;
    if (!leecher.have.has(piece)) {
      leecher.told.delete(piece);
      leecher.told.add(piece);
      leecher.offeredAtMs = nowMs;
    }
    const [teller] = leecher.peers.values();
    teller?.tell([piece]);
  }

  tellAll(): void {
    for (const { peers } of this.#leechers.values()) {
      for (const peer of peers.values()) peer.tell("all");
    }
  }

  /** Whoever decides knows nothing: all is to be reported anew. */
  unreport(): void {
    this.#left.clear();
    for (const leecher of this.#leechers.values()) this.#unreport(leecher);
  }

  /** What is to be told now; it counts as told. */
  takeReport(nowMs: number): LeecherReport {
    const left = [...this.#left];
    this.#left.clear();
    const due = this.#leechers.values().filter((leecher) => isDue(leecher, nowMs));
    const joining = due.take(SUPER_SEED_JOINED_MAX + 1).toArray();
    const joined = joining.slice(0, SUPER_SEED_JOINED_MAX).map((leecher) => {
      leecher.isReported = true;
      return { leecher: leecher.name, have: leecher.have, told: [...leecher.told] };
    });
    const had: { leecher: string; pieces: readonly number[] }[] = [];
    let room = SUPER_SEED_HAD_MAX;
    for (const { name, news } of this.#leechers.values()) {
      if (news.length === 0 || room === 0) continue;
      const pieces = news.splice(0, room);
      room -= pieces.length;
      had.push({ leecher: name, pieces });
    }
    const hasMore = joining.length > SUPER_SEED_JOINED_MAX || room === 0;
    return { left, joined, had, declined: this.#takeDeclined(nowMs), hasMore };
  }

  #takeDeclined(nowMs: number): readonly string[] {
    const declined: string[] = [];
    for (const leecher of this.#leechers.values()) {
      const { offeredAtMs, interested, isReported } = leecher;
      if (!isReported || offeredAtMs === null || interested.size > 0) continue;
      if (nowMs - offeredAtMs < DECLINES_AFTER_MS) continue;
      leecher.offeredAtMs = null;
      declined.push(leecher.name);
    }
    return declined;
  }

  #made(name: string, joinedAtMs: number): Leecher {
    const have = Bitfield.empty(this.#pieceCount);
    const soFar = { peers: new Map(), have, told: new Set<number>(), news: [] };
    const leecher: Leecher = {
      ...{ name, ...soFar, joinedAtMs, saidWhatItHas: false, isReported: false },
      ...{ interested: new Set(), offeredAtMs: null },
    };
    this.#leechers.set(name, leecher);
    return leecher;
  }

  #unreport(leecher: Leecher): void {
    leecher.isReported = false;
    leecher.news.length = 0;
  }
}

function isDue({ isReported, saidWhatItHas, joinedAtMs }: Leecher, nowMs: number): boolean {
  return !isReported && (saidWhatItHas || nowMs - joinedAtMs >= SAYS_WHAT_IT_HAS_MS_MAX);
}
