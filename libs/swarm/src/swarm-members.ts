import { PARTIAL_SEED, STAMP_MASK } from "./peer-entry.ts";
import type { PeerIds } from "./peer-ids.ts";
import type { PeerPools } from "./peer-pools.ts";
import type { PeerAnnounce, PeerEndpoint, PeerState } from "./swarm-peer.ts";
import { DOWNLOADED_AT, PARTIAL_SEEDS_AT } from "./swarm-rows.ts";
import { DOWNLOADED_MAX, type SwarmTable } from "./swarm-table.ts";
import type { AnnounceOutcome, SwarmsConfig } from "./swarms-config.ts";
import type { TickClock } from "./tick-clock.ts";

/** Expiry may be this far behind; then it is made good before anything else. */
const LAG_TICKS_MAX = 2_048;

/** For each so many peers a swarm is left alone for one tick after it was looked through. */
const PEERS_PER_TICK_BITS = 14;

/** But for no more than a 32nd of the time a peer may be silent. */
const GAP_SHARE_BITS = 5;

const POOLS = 4;

export type MembersStore = {
  readonly table: SwarmTable;
  readonly ipv4: PeerPools;
  readonly ipv6: PeerPools;
  readonly clock: TickClock;
  readonly peerIds: PeerIds;
};

type KnownPeer = {
  /** Its pool. */
  readonly owner: number;
  readonly position: number;
};

/** Who is in which swarm: peers that come, stay, change, leave and fall silent. */
export class SwarmMembers {
  readonly #config: SwarmsConfig;
  readonly #table: SwarmTable;
  readonly #ipv4: PeerPools;
  readonly #ipv6: PeerPools;
  readonly #clock: TickClock;
  readonly #peerIds: PeerIds;
  /** Of all swarms together; more do not get in. */
  peersMax: number;
  #count = 0;

  constructor(config: SwarmsConfig, { table, ipv4, ipv6, clock, peerIds }: MembersStore) {
    this.#config = config;
    this.peersMax = config.peersMax;
    this.#table = table;
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
    this.#clock = clock;
    this.#peerIds = peerIds;
  }

  get count(): number {
    return this.#count;
  }

  poolsOf({ endpointBytes }: { readonly endpointBytes: number }): PeerPools {
    return endpointBytes === 6 ? this.#ipv4 : this.#ipv6;
  }

  /** An announce that was made at `atMs`, maybe to somebody else. */
  announceAt(
    infoHash: Uint8Array,
    peer: PeerAnnounce,
    atMs: number,
    nowMs: number,
  ): AnnounceOutcome {
    const now = this.#advance(nowMs);
    const tick = atMs === nowMs ? now : Math.min(this.#clock.tickAt(atMs), now);
    const pools = this.poolsOf(peer);
    const row = this.#table.find(infoHash);
    pools.readKey(peer.endpoint);
    if (row >= 0) {
      const owner = ownerOf(row, peer);
      const position = pools.find(owner);
      if (position >= 0) return this.#stay(peer, { owner, position }, tick);
      const other = pools.find(owner ^ 1);
      if (other >= 0) return this.#stay(peer, { owner: owner ^ 1, position: other }, tick);
    }
    if (tick < now - this.#clock.timeoutTicks) return "stale";
    return this.#join(row, peer, tick);
  }

  /** One that stopped at `atMs`; if it has announced since, it stays. */
  removeAt(infoHash: Uint8Array, peer: PeerEndpoint, atMs: number, nowMs: number): boolean {
    const now = this.#advance(nowMs);
    const row = this.#table.find(infoHash);
    if (row < 0) return false;
    const pools = this.poolsOf(peer);
    pools.readKey(peer.endpoint);
    let owner = leechersOf(row, peer.endpointBytes);
    let position = pools.find(owner);
    if (position < 0) {
      owner += 1;
      position = pools.find(owner);
    }
    if (position < 0) return false;
    const tail = pools.tail(owner, position);
    const tick = Math.min(this.#clock.tickAt(atMs), now);
    if (this.#clock.stampedAt(tail & STAMP_MASK) > tick) return false;
    pools.removeAt(owner, position);
    if ((tail & PARTIAL_SEED) !== 0) this.#addTo(row, PARTIAL_SEEDS_AT, -1);
    this.#count -= 1;
    if (this.#table.rows.peersOf(row) > 0) return true;
    this.#table.wheel.remove(row);
    this.#table.keepEmpty(row);
    return true;
  }

  /**
   * Forgets the peers that stayed silent too long; gives their number. It looks through about
   * `peersMax` peers and goes on in the next call, unless it is far behind.
   */
  expire(nowMs: number, peersMax: number = Number.POSITIVE_INFINITY): number {
    const tick = Math.max(this.#clock.tickAt(nowMs), this.#clock.now);
    const isLate = tick - this.#table.wheel.done > LAG_TICKS_MAX;
    const before = this.#count;
    let seen = 0;
    while (isLate || seen < peersMax) {
      const row = this.#table.wheel.take(tick);
      if (row < 0) break;
      seen += this.#table.rows.peersOf(row) + 1;
      this.#lookThrough(row, tick);
    }
    this.#clock.now = tick;
    return before - this.#count;
  }

  /** Forgets a whole swarm, its count of downloads included. */
  drop(infoHash: Uint8Array): void {
    const row = this.#table.find(infoHash);
    if (row < 0) return;
    const peers = this.#table.rows.peersOf(row);
    if (peers === 0) this.#table.takeEmpty(row);
    else this.#table.wheel.remove(row);
    for (let pool = 0; pool < POOLS; pool += 1) this.#poolsAt(pool).release(row * POOLS + pool);
    this.#count -= peers;
    this.#table.forget(row);
  }

  #stay(peer: PeerAnnounce, { owner, position }: KnownPeer, tick: number): AnnounceOutcome {
    const row = owner >>> 2;
    const pools = this.poolsOf(peer);
    const before = pools.tail(owner, position);
    if (this.#clock.stampedAt(before & STAMP_MASK) > tick) return "stale";
    const wanted = ownerOf(row, peer);
    const tail = tailOf(peer, tick);
    if (owner === wanted) {
      pools.setTail(owner, position, tail);
    } else {
      // Its new pool may be as large as one can be; then it stays where it was, as it was.
      if (!pools.append(wanted, tail)) return "full";
      pools.removeAt(owner, position);
    }
    const wasSeed = (owner & 1) === 1 && (before & PARTIAL_SEED) === 0;
    // A seed that says again that it has completed is not a second download.
    if (peer.completed && !wasSeed) this.#addTo(row, DOWNLOADED_AT, 1);
    const partialSeeds = (tail & PARTIAL_SEED) - (before & PARTIAL_SEED);
    if (partialSeeds !== 0) this.#addTo(row, PARTIAL_SEEDS_AT, Math.sign(partialSeeds));
    this.#keepPeerId(row, peer);
    return "stayed";
  }

  #join(known: number, peer: PeerAnnounce, tick: number): AnnounceOutcome {
    const { rows, wheel } = this.#table;
    const before = known < 0 ? 0 : rows.peersOf(known);
    const { peersPerSwarmMax } = this.#config;
    if (this.#count >= this.peersMax || before >= peersPerSwarmMax) return "full";
    const row = known < 0 ? this.#table.add() : known;
    if (row < 0) return "full";
    const pools = this.poolsOf(peer);
    const tail = tailOf(peer, tick);
    if (!pools.append(ownerOf(row, peer), tail)) return "full";
    this.#count += 1;
    if ((tail & PARTIAL_SEED) !== 0) this.#addTo(row, PARTIAL_SEEDS_AT, 1);
    if (peer.completed) this.#addTo(row, DOWNLOADED_AT, 1);
    const due = tick + this.#clock.timeoutTicks + 1;
    if (before > 0) {
      wheel.bringForward(row, due);
    } else {
      if (known >= 0) this.#table.takeEmpty(row);
      wheel.add(row, due);
    }
    this.#keepPeerId(row, peer);
    return "joined";
  }

  /** Forgets the silent peers of a swarm that is due, and says when it is due again. */
  #lookThrough(row: number, tick: number): void {
    const clock = this.#clock;
    const oldestAllowed = tick - clock.timeoutTicks;
    let oldest = tick;
    let partialSeedsGone = 0;
    const keeps = (tail: number): boolean => {
      const stampedAt = clock.stampedAt(tail & STAMP_MASK);
      const stays = stampedAt >= oldestAllowed;
      if (!stays) partialSeedsGone += (tail & PARTIAL_SEED) === 0 ? 0 : 1;
      else if (stampedAt < oldest) oldest = stampedAt;
      return stays;
    };
    for (let pool = 0; pool < POOLS; pool += 1) {
      this.#count -= this.#poolsAt(pool).sweep(row * POOLS + pool, keeps);
    }
    this.#addTo(row, PARTIAL_SEEDS_AT, -partialSeedsGone);
    const left = this.#table.rows.peersOf(row);
    if (left === 0) return this.#table.keepEmpty(row);
    const gap = Math.min(left >>> PEERS_PER_TICK_BITS, clock.timeoutTicks >>> GAP_SHARE_BITS);
    this.#table.wheel.add(row, Math.max(oldest + clock.timeoutTicks, tick + gap) + 1);
  }

  /** The tick that it is. If nobody has let peers expire for very long, that is done first. */
  #advance(nowMs: number): number {
    const clock = this.#clock;
    const tick = clock.tickAt(nowMs);
    if (tick <= clock.now) return clock.now;
    if (tick - this.#table.wheel.done > LAG_TICKS_MAX) this.expire(nowMs);
    clock.now = tick;
    return tick;
  }

  #keepPeerId(row: number, peer: PeerAnnounce): void {
    const peerIds = this.#peerIds;
    // Where no client tells any that is to be kept, not even a hash is made of the endpoint.
    if (peer.peerId === null ? peerIds.isEmpty : !peerIds.keepsAny) return;
    const pools = this.poolsOf(peer);
    const hash = pools.hash.of(pools.key, 0);
    if (peer.peerId === null) peerIds.forget(row, hash);
    else peerIds.put(row, hash, peer.peerId);
  }

  #addTo(row: number, field: number, change: number): void {
    const { rows } = this.#table;
    rows.set(row, field, Math.min(rows.get(row, field) + change, DOWNLOADED_MAX));
  }

  #poolsAt(pool: number): PeerPools {
    return pool < 2 ? this.#ipv4 : this.#ipv6;
  }
}

/** The pool a peer belongs to: leechers and uploaders of IPv4, then of IPv6. */
export function ownerOf(
  row: number,
  { endpointBytes, state }: { readonly endpointBytes: 6 | 18; readonly state: PeerState },
): number {
  return leechersOf(row, endpointBytes) + (state === "leecher" ? 0 : 1);
}

/** The pool of the leechers; that of the uploaders is the next. */
export function leechersOf(row: number, endpointBytes: 6 | 18): number {
  return row * POOLS + (endpointBytes === 6 ? 0 : 2);
}

function tailOf({ state }: { readonly state: PeerState }, tick: number): number {
  return (tick & STAMP_MASK) | (state === "partial-seed" ? PARTIAL_SEED : 0);
}
