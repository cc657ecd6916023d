import { IPV4_ENTRY_WORDS, IPV6_ENTRY_WORDS } from "./peer-entry.ts";
import { PeerIds } from "./peer-ids.ts";
import { PeerPools } from "./peer-pools.ts";
import type { PeerSample } from "./peer-sample.ts";
import { type Asked, SampleWriter } from "./sample-writer.ts";
import { Sampler } from "./sampler.ts";
import { leechersOf, SwarmMembers } from "./swarm-members.ts";
import type {
  Chance,
  PeerAnnounce,
  PeerEndpoint,
  SampleRequest,
  SwarmCounts,
} from "./swarm-peer.ts";
import { DOWNLOADED_AT, PARTIAL_SEEDS_AT } from "./swarm-rows.ts";
import { type SnapshotCursor, type SnapshotVisitor, SwarmSnapshot } from "./swarm-snapshot.ts";
import { DOWNLOADED_MAX, SwarmTable } from "./swarm-table.ts";
import type { AnnounceOutcome, SwarmsConfig } from "./swarms-config.ts";
import { TickClock } from "./tick-clock.ts";

/**
 * The peers of every swarm, in typed arrays. Time must not step back from one call to the next; a
 * step back is taken for no step. Handles of swarms are good until the next change.
 */
export class Swarms {
  readonly #table: SwarmTable;
  readonly #ipv4: PeerPools;
  readonly #ipv6: PeerPools;
  readonly #peerIds: PeerIds;
  readonly #members: SwarmMembers;
  readonly #sampler: Sampler;
  readonly #writer: SampleWriter;
  readonly #snapshot: SwarmSnapshot;
  /** Filled again for each sample. */
  readonly #asked: Asked;
  readonly #counts = { seeders: 0, leechers: 0, partialSeeds: 0, downloaded: 0 };

  /** Of `chance` it takes the keys of its hash tables, and the seed of its samples. */
  constructor(config: SwarmsConfig, chance: Chance) {
    const table = new SwarmTable(config.swarmsMax, chance);
    const { rows } = table;
    const ipv4 = new PeerPools(rows, IPV4_ENTRY_WORDS, chance);
    const ipv6 = new PeerPools(rows, IPV6_ENTRY_WORDS, chance);
    const clock = new TickClock(config.peerTimeoutMs);
    const peerIds = new PeerIds(config.peerIdsMax);
    this.#table = table;
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
    this.#peerIds = peerIds;
    this.#members = new SwarmMembers(config, { table, ipv4, ipv6, clock, peerIds });
    this.#sampler = new Sampler(chance);
    this.#writer = new SampleWriter(this.#sampler, peerIds);
    const nobody = { endpoint: new Uint8Array(), endpointBytes: 6, state: "leecher", numWant: 0 };
    this.#asked = { pools: ipv4, leechers: 0, request: nobody as SampleRequest };
    this.#snapshot = new SwarmSnapshot({ rows, ipv4, ipv6, clock, peerIds });
  }

  /** Swarms that have a peer, or had one that completed. */
  get swarmCount(): number {
    return this.#table.rows.count;
  }

  get peerCount(): number {
    return this.#members.count;
  }

  /** As many as there may be from now on; those that are there stay. */
  set peersMax(peersMax: number) {
    this.#members.peersMax = peersMax;
  }

  /** Memory of its arrays. */
  get bytes(): number {
    const peers = this.#ipv4.bytes + this.#ipv6.bytes + this.#peerIds.bytes;
    return this.#table.bytes + peers + this.#sampler.bytes;
  }

  /** The handle of a swarm, or −1. */
  find(infoHash: Uint8Array): number {
    return this.#table.find(infoHash);
  }

  announce(infoHash: Uint8Array, peer: PeerAnnounce, nowMs: number): AnnounceOutcome {
    return this.#members.announceAt(infoHash, peer, nowMs, nowMs);
  }

  /** An announce that was made at `atMs`, maybe to somebody else. */
  announceAt(
    infoHash: Uint8Array,
    peer: PeerAnnounce,
    atMs: number,
    nowMs: number,
  ): AnnounceOutcome {
    return this.#members.announceAt(infoHash, peer, atMs, nowMs);
  }

  /** A peer that stopped. False if it was not known. */
  remove(infoHash: Uint8Array, peer: PeerEndpoint, nowMs: number): boolean {
    return this.#members.removeAt(infoHash, peer, nowMs, nowMs);
  }

  /** One that stopped at `atMs`; if it has announced since, it stays. */
  removeAt(infoHash: Uint8Array, peer: PeerEndpoint, atMs: number, nowMs: number): boolean {
    return this.#members.removeAt(infoHash, peer, atMs, nowMs);
  }

  /**
   * Appends random others of the asker's family until the sample has `numWant`, each as likely as
   * any, and none that is in it already. Who only uploads gets leechers only. In few peers each set
   * is as likely as any too; `SampleWriter` says what many are drawn in.
   */
  sample(swarm: number, request: SampleRequest, into: PeerSample): void {
    if (swarm < 0) return;
    const asked = this.#asked;
    asked.pools = this.#members.poolsOf(request);
    asked.leechers = leechersOf(swarm, request.endpointBytes);
    asked.request = request;
    this.#writer.write(asked, into);
  }

  /** The object is used again by the next call. */
  counts(swarm: number): SwarmCounts {
    const counts = this.#counts;
    const { rows } = this.#table;
    const isKnown = swarm >= 0;
    const uploaders = isKnown ? rows.peersIn(swarm, 1) + rows.peersIn(swarm, 3) : 0;
    const wanting = isKnown ? rows.peersIn(swarm, 0) + rows.peersIn(swarm, 2) : 0;
    counts.partialSeeds = isKnown ? rows.get(swarm, PARTIAL_SEEDS_AT) : 0;
    counts.seeders = uploaders - counts.partialSeeds;
    counts.leechers = wanting + counts.partialSeeds;
    counts.downloaded = isKnown ? rows.get(swarm, DOWNLOADED_AT) : 0;
    return counts;
  }

  /**
   * Forgets the peers that stayed silent too long; gives their number. It looks through about
   * `peersMax` peers and goes on in the next call, unless it is far behind.
   */
  expire(nowMs: number, peersMax: number = Number.POSITIVE_INFINITY): number {
    return this.#members.expire(nowMs, peersMax);
  }

  /** Forgets a whole swarm, its count of downloads included. */
  drop(infoHash: Uint8Array): void {
    this.#members.drop(infoHash);
  }

  /** Sets what is known of completed downloads, of a swarm that need not have peers. */
  setDownloaded(infoHash: Uint8Array, downloaded: number): void {
    const known = this.find(infoHash);
    if (known < 0 && downloaded <= 0) return;
    const row = known < 0 ? this.#table.add() : known;
    if (row < 0) return;
    const isEmpty = this.#table.rows.peersOf(row) === 0;
    if (isEmpty && known >= 0) this.#table.takeEmpty(row);
    const set = Math.min(Math.max(downloaded, 0), DOWNLOADED_MAX);
    this.#table.rows.set(row, DOWNLOADED_AT, set);
    if (isEmpty) this.#table.keepEmpty(row);
  }

  addDownloads(infoHash: Uint8Array, downloads: number): void {
    const known = this.find(infoHash);
    const before = known < 0 ? 0 : this.#table.rows.get(known, DOWNLOADED_AT);
    this.setDownloaded(infoHash, before + downloads);
  }

  /** The swarm after this one, −1 after the last; −1 begins. Handles do not go by age. */
  nextSwarm(swarm: number): number {
    return this.#table.next(swarm);
  }

  /** Writes the info hash of a swarm. */
  readInfoHash(swarm: number, into: Uint8Array): void {
    this.#snapshot.readInfoHash(swarm, into);
  }

  /**
   * Tells of about `stepsMax` swarms and peers and moves the cursor on; true once all were told. A
   * peer that stays meanwhile is told at least once, one that came or changed later maybe not.
   */
  snapshot(cursor: SnapshotCursor, visitor: SnapshotVisitor, stepsMax: number): boolean {
    return this.#snapshot.tell(cursor, visitor, stepsMax);
  }
}
