import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { AnnouncedSeed, CatalogEntry } from "@seedfleet/contracts";
import type { Catalog } from "@seedfleet/fleet";
import { type CancelTimer, type Clock, errorMessage, type Rng } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { DhtPeers } from "./dht-peers.ts";
import { swarmsOf } from "./swarms-of.ts";
import {
  type DownloadCounts,
  TrackerAnnounces,
  type TrackerAnnouncesEvents,
} from "./tracker-announces.ts";
import type { TrackerClients } from "./tracker-clients.ts";

/** How often the catalog is asked whether the torrent is still there, and whole. */
export const SEED_CHECK_INTERVAL_MS = 600_000;

const KEY_VALUES = 2 ** 32;

/** What this gateway knows of a torrent that it serves. */
export type ServedCounts = {
  readonly sentBytes: number;
  readonly missingBytes: number;
};

export type AnnouncedSeedPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly chance: Rng;
  readonly clients: TrackerClients;
  /** Null where it is off. */
  readonly dht: Pick<DhtPeers, "announce"> | null;
  readonly catalog: Pick<Catalog, "find">;
  /** Null where nobody came for it of late. */
  readonly servedCounts: (infoHash: InfoHash) => ServedCounts | null;
};

export type AnnouncedSeedConfig = {
  readonly ownPeerId: PeerId;
  /** The port that peers are told. */
  readonly port: number;
};

/** How this gateway announces one torrent as a seed. */
export class AnnouncedSeedRun {
  readonly #ports: AnnouncedSeedPorts;
  readonly #record: AnnouncedSeed;
  readonly #announces: readonly TrackerAnnounces[];
  /** What ends each announce in the DHT. */
  readonly #ends: readonly (() => void)[];
  readonly #cancelCheck: CancelTimer;
  readonly #gone: () => void;
  #entry: CatalogEntry | null;
  readonly #downloadedBytes: number;
  /** What was sent before the torrent was forgotten for want of peers, and since. */
  #sentBytesBefore = 0;
  #sentBytesNow = 0;

  /** `adopted` are those by which it was downloaded, and go on. */
  constructor(
    ports: AnnouncedSeedPorts,
    config: AnnouncedSeedConfig,
    of: {
      readonly record: AnnouncedSeed;
      readonly entry: CatalogEntry | null;
      readonly adopted: AdoptedAnnounces | null;
      /** The torrent is not in the catalog any more. */
      readonly gone: () => void;
    },
  ) {
    const { record, adopted } = of;
    this.#ports = ports;
    this.#record = record;
    this.#entry = of.entry;
    this.#gone = of.gone;
    this.#downloadedBytes = adopted?.downloadedBytes ?? 0;
    const known = (adopted?.announces ?? []).flatMap((each) => each.infoHashes);
    const others = swarmsOf(record).filter((each) => !known.includes(each));
    this.#announces = [
      ...(adopted?.announces ?? []),
      ...(others.length === 0 ? [] : [this.#open(others, config)]),
    ];
    const dht = record.dht ? ports.dht : null;
    this.#ends = swarmsOf(record).flatMap((each) => dht?.announce(each, config.port) ?? []);
    for (const announces of this.#announces) announces.seed(this.#events());
    this.#cancelCheck = ports.clock.every(SEED_CHECK_INTERVAL_MS, () => void this.#check());
  }

  /** Tells the trackers that nobody is here any more, for no longer than this. Never rejects. */
  async stop(withinMs: number): Promise<void> {
    this.#end();
    await Promise.all(this.#announces.map((each) => each.stop(withinMs)));
  }

  /** Ends without a word. */
  drop(): void {
    this.#end();
    for (const announces of this.#announces) announces.drop();
  }

  #end(): void {
    this.#cancelCheck();
    for (const end of this.#ends) end();
  }

  #open(infoHashes: readonly InfoHash[], config: AnnouncedSeedConfig): TrackerAnnounces {
    const { trackers } = this.#record;
    const { ownPeerId: peerId, port } = config;
    const key = this.#ports.chance.below(KEY_VALUES);
    const options = { infoHashes, peerId, port, key, trackers };
    return new TrackerAnnounces(this.#ports, options, this.#events());
  }

  #events(): TrackerAnnouncesEvents {
    return { peers: () => {}, wantsPeers: () => false, counts: () => this.#counts() };
  }

  #counts(): DownloadCounts {
    const served = this.#ports.servedCounts(this.#record.infoHash);
    const sentBytes = served?.sentBytes ?? 0;
    if (sentBytes < this.#sentBytesNow) this.#sentBytesBefore += this.#sentBytesNow;
    this.#sentBytesNow = sentBytes;
    return {
      uploadedBytes: this.#sentBytesBefore + sentBytes,
      downloadedBytes: this.#downloadedBytes,
      leftBytes: this.#leftBytes(served),
    };
  }

  /** A piece that went bad makes a leecher of a seed, until it is back. */
  #leftBytes(served: ServedCounts | null): number {
    if (this.#entry?.incomplete !== true) return 0;
    return served?.missingBytes || this.#entry.pieceLengthBytes;
  }

  async #check(): Promise<void> {
    const { catalog, log } = this.#ports;
    const { infoHash } = this.#record;
    try {
      this.#entry = await catalog.find(infoHash);
      if (this.#entry === null) this.#gone();
    } catch (error) {
      log.debug("announced seed not looked up", { infoHash, reason: errorMessage(error) });
    }
  }
}

/** The announces of a download that is whole, as they go on. */
export type AdoptedAnnounces = {
  readonly announces: readonly TrackerAnnounces[];
  readonly downloadedBytes: number;
};
