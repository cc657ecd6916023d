import type { Clock, Rng } from "@seedfleet/runtime";
import { SnapshotCursor, Swarms, type SwarmsConfig } from "@seedfleet/swarm";
import type { AnnounceReply, AnnounceRequest } from "../announces/announce-request.ts";
import { Announces, type Told } from "../announces/announces.ts";
import {
  CatalogGate,
  type Gate,
  OpenGate,
  PrivateGate,
  type TrackerMode,
} from "../announces/gate.ts";
import { PeerMemory } from "../announces/peer-memory.ts";
import { GatewayBoard } from "../handout/gateway-board.ts";
import type { HandoutSettings } from "../handout/plan-handout.ts";
import type { ThreadShare } from "../threads/siblings.ts";
import { ownerOf } from "../threads/swarm-owners.ts";
import { PublishedTorrents } from "../torrents/published-torrents.ts";
import { Passkeys } from "../users/passkeys.ts";
import { UsageLedger } from "../users/usage-ledger.ts";
import { DeltaWriter, readDeltas } from "./delta-batch.ts";
import { LoadedSnapshot } from "./loaded-snapshot.ts";
import { NotedAnnounces } from "./noted-announces.ts";
import type { FromReplica, ToReplica } from "./replica-messages.ts";
import { readSnapshotChunk, SnapshotWriter } from "./snapshot-chunk.ts";
import { Tombstones } from "./tombstones.ts";

/** How soon others hear of announces; a batch that is full goes at once. */
export const DELTA_INTERVAL_MS = 200;

/** Some 700 announces: small beside the bus's limit, large beside what a message costs. */
const DELTA_BATCH_BYTES = 32_768;

/** Swarms and peers read at once for a snapshot; then announces get their turn. */
const SNAPSHOT_STEPS = 1_000;

/** Room for so many, each peer of another swarm. */
const SNAPSHOT_CHUNK_BYTES = 98_304;

/** Expiry is done in slices, so that no announce waits for it. */
const EXPIRY_INTERVAL_MS = 100;
const EXPIRY_PEERS = 20_000;

const USAGE_INTERVAL_MS = 5_000;

export type ReplicaConfig = {
  readonly mode: TrackerMode;
  readonly intervalMs: number;
  readonly minIntervalMs: number;
  readonly swarms: SwarmsConfig;
  /** Peers of its swarms whose last totals it remembers. */
  readonly ledgerPeersMax: number;
  /** Which swarms are this one's; null for all. */
  readonly share: ThreadShare | null;
};

export type ReplicaPorts = {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly handout: HandoutSettings;
  readonly tell: (message: FromReplica) => void;
};

/**
 * What a tracker knows, and the answers from it: the only one of a process, or one for each of its
 * threads, which have a part of the swarms each and all else as a whole. It learns from announces,
 * and from what other trackers tell.
 */
export class TrackerReplica {
  readonly announces: Announces;
  readonly swarms: Swarms;
  readonly torrents: PublishedTorrents;
  readonly gate: Gate;
  readonly share: ThreadShare | null;
  readonly #ports: ReplicaPorts;
  readonly #memory: PeerMemory;
  readonly #passkeys = new Passkeys();
  readonly #ledger: UsageLedger;
  readonly #deltas: DeltaWriter;
  readonly #noted = new NotedAnnounces();
  readonly #tombstones = new Tombstones();
  readonly #snapshots = new Map<number, SnapshotCursor>();
  readonly #cancels: readonly (() => void)[];
  #board = GatewayBoard.empty;
  #journaling = false;

  constructor(ports: ReplicaPorts, config: ReplicaConfig) {
    const { clock, rng, handout } = ports;
    this.#ports = ports;
    this.swarms = new Swarms(config.swarms, rng);
    this.torrents = new PublishedTorrents(rng.below(2 ** 32));
    this.#memory = new PeerMemory(this.swarms);
    this.#ledger = new UsageLedger({ peersMax: config.ledgerPeersMax });
    this.share = config.share;
    this.gate = this.#gateOf(config.mode);
    const withAmounts = config.mode === "private";
    this.#deltas = new DeltaWriter({ bytesMax: DELTA_BATCH_BYTES, withAmounts });
    this.announces = new Announces(
      {
        ...{ swarms: this.swarms, handout, chance: rng },
        gate: this.gate,
        board: () => this.#board,
        observer: { answered: (request, reply, told) => this.#answered(request, reply, told) },
      },
      config,
    );
    this.#cancels = [
      clock.every(EXPIRY_INTERVAL_MS, () => this.#expire()),
      clock.every(DELTA_INTERVAL_MS, () => this.#flush()),
      clock.every(USAGE_INTERVAL_MS, () => this.#tellUsage()),
    ];
  }

  /** Takes what concerns what is known; what concerns sockets is not for it. */
  receive(message: ToReplica): void {
    switch (message.kind) {
      case "published":
        this.torrents.publish(message.torrent);
        return;
      case "retired":
        this.torrents.remove(message.infoHash);
        this.swarms.drop(Uint8Array.fromHex(message.infoHash));
        return;
      case "torrents-known":
        this.torrents.known = true;
        return;
      case "users-known":
        this.#passkeys.known = true;
        return;
      case "user":
        if (message.passkeyHash === null) this.#passkeys.revoke(message.id);
        else this.#passkeys.admit(message.id, message.passkeyHash);
        return;
      case "gateways":
        this.#board = new GatewayBoard(message.gateways, this.#ports.handout.zones);
        return;
      case "journal":
        this.#journaling = message.on;
        return;
      case "room":
        this.swarms.peersMax = message.peersMax;
        return;
      case "apply":
        return this.#apply(message.batch, message.ageMs);
      case "load":
        return this.#load(message.chunk);
      case "snapshot":
        return this.#tellSnapshot(message.snapshot);
      case "sizes":
        return this.#tellSizes(message);
      case "snapshot-ended":
        this.#snapshots.delete(message.snapshot);
        return;
      default:
    }
  }

  /** Tells what is not told yet. */
  stop(): void {
    for (const cancel of this.#cancels) cancel();
    this.#flush();
    this.#tellUsage();
  }

  #tellSizes({ asked, infoHashes }: ToReplica & { readonly kind: "sizes" }): void {
    const sizes = infoHashes.map((infoHash) => {
      const swarm = this.swarms.find(Uint8Array.fromHex(infoHash));
      const { leechers, seeders } = this.swarms.counts(swarm);
      return [leechers, seeders] as const;
    });
    this.#ports.tell({ kind: "sizes", asked, sizes });
  }

  #gateOf(mode: TrackerMode): Gate {
    if (mode === "open") return new OpenGate();
    if (mode === "private") return new PrivateGate(this.#passkeys, this.#ledger);
    return new CatalogGate(this.torrents);
  }

  #answered(request: AnnounceRequest, reply: AnnounceReply, told: Told): void {
    this.#noted.add(request, reply, told);
    if (!this.#journaling) return;
    if (request.event === "stopped") this.#noteStopped(request, told.nowMs);
    this.#deltas.add(request);
    if (this.#deltas.full) this.#tellDeltas();
  }

  #apply(batch: Uint8Array, ageMs: number): void {
    const nowMs = this.#ports.clock.nowMs();
    const atMs = nowMs - ageMs;
    const whole = readDeltas(batch, (request, withAmounts) => {
      if (!this.#owns(request.infoHash)) return;
      if (withAmounts) this.#ledger.heard(request);
      if (request.event === "stopped") this.#noteStopped(request, atMs);
      else if (this.#tombstones.isOver(request.infoHash, request, atMs)) return;
      this.#memory.take(request, atMs, nowMs);
    });
    if (!whole) this.#ports.tell({ kind: "unreadable", what: "delta" });
  }

  #owns(infoHash: Uint8Array): boolean {
    return this.share === null || ownerOf(infoHash, this.share.shares) === this.share.thread;
  }

  #noteStopped(request: AnnounceRequest, atMs: number): void {
    const { infoHash, otherEndpoint: endpoint, otherEndpointBytes: endpointBytes } = request;
    this.#tombstones.stopped(infoHash, request, atMs);
    if (endpointBytes === 0) return;
    this.#tombstones.stopped(infoHash, { endpoint, endpointBytes }, atMs);
  }

  #load(chunk: Uint8Array): void {
    const { clock, tell } = this.#ports;
    const owns = (infoHash: Uint8Array): boolean => this.#owns(infoHash);
    const ports = { swarms: this.swarms, tombstones: this.#tombstones, owns };
    const loaded = new LoadedSnapshot(ports, clock.nowMs());
    if (!readSnapshotChunk(chunk, loaded)) tell({ kind: "unreadable", what: "snapshot" });
    tell({ kind: "loaded" });
  }

  #tellSnapshot(snapshot: number): void {
    const cursor = this.#snapshots.get(snapshot) ?? new SnapshotCursor();
    this.#snapshots.set(snapshot, cursor);
    const writer = new SnapshotWriter({ bytesMax: SNAPSHOT_CHUNK_BYTES });
    const visitor = {
      swarm: (infoHash: Uint8Array, downloaded: number) => writer.swarm(infoHash, downloaded),
      peer: (peer: Parameters<SnapshotWriter["peer"]>[0]) => writer.peer(peer),
    };
    const done = this.swarms.snapshot(cursor, visitor, SNAPSHOT_STEPS);
    if (done) this.#snapshots.delete(snapshot);
    const chunk = writer.take();
    this.#ports.tell({ kind: "snapshot-part", snapshot, chunk, isLast: done });
  }

  #expire(): void {
    const nowMs = this.#ports.clock.nowMs();
    this.swarms.expire(nowMs, EXPIRY_PEERS);
    this.#tombstones.expire(nowMs);
  }

  #flush(): void {
    if (this.#deltas.count > 0) this.#tellDeltas();
    const announces = this.#noted.take();
    if (announces.length > 0) this.#ports.tell({ kind: "noted", announces });
  }

  #tellDeltas(): void {
    this.#ports.tell({ kind: "deltas", batch: this.#deltas.take() });
  }

  #tellUsage(): void {
    const usage = this.#ledger.take();
    if (usage.length > 0) this.#ports.tell({ kind: "usage", usage });
  }
}
