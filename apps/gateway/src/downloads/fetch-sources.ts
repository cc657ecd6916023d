import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { HostPort, Mirror } from "@seedfleet/contracts";
import type { Metainfo } from "@seedfleet/metainfo";
import { type Clock, errorCode, type Rng } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { DhtPeers } from "../announcing/dht-peers.ts";
import { swarmsOf } from "../announcing/swarms-of.ts";
import { TrackerAnnounces } from "../announcing/tracker-announces.ts";
import type { TrackerClients } from "../announcing/tracker-clients.ts";
import { MetadataFetch } from "../metadata/metadata-fetch.ts";
import { type MetadataMetrics, metadataMetrics } from "../metadata/metadata-metrics.ts";
import { allowedAddresses } from "../outbound/allowed-lookup.ts";
import type { OutboundRule } from "../outbound/outbound-rule.ts";
import type { EncryptionPolicy } from "../peers/open-stream.ts";
import type { MirrorSourceEvents, MirrorSources, OpenMirrorSources } from "./mirror-sources.ts";
import type { TorrentDownload } from "./torrent-download.ts";
import { type WebSeedMetrics, WebSeeds, webSeedMetrics } from "./web-seeds.ts";

const KEY_VALUES = 2 ** 32;

export type FetchSourcesPorts = {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly chance: Rng;
  /** The gateway's, for all that it downloads. */
  readonly clients: TrackerClients;
  /** Null where it is off. */
  readonly dht: DhtPeers | null;
  readonly rule: OutboundRule;
};

export type FetchSourcesConfig = {
  readonly ownPeerId: PeerId;
  readonly encryption: EncryptionPolicy;
  /** The port that peers are told. */
  readonly port: number;
};

/** What is the same for all mirrors of a gateway. */
type Shared = FetchSourcesPorts & {
  readonly metrics: MetadataMetrics;
  readonly webSeeds: WebSeedMetrics;
  readonly config: FetchSourcesConfig;
};

/** Where mirrors get metadata, peers and bytes from: trackers, peers, who named them, web seeds. */
export function fetchSources(
  ports: FetchSourcesPorts,
  config: FetchSourcesConfig,
): OpenMirrorSources {
  const { meter } = ports.telemetry;
  const metrics = { metrics: metadataMetrics(meter), webSeeds: webSeedMetrics(meter) };
  const shared = { ...ports, config, ...metrics };
  return (mirror, events) => new FetchedSources(shared, mirror, events);
}

class FetchedSources implements MirrorSources {
  readonly #shared: Shared;
  #mirror: Mirror;
  readonly #events: MirrorSourceEvents;
  readonly #announces: TrackerAnnounces[] = [];
  #fetch: MetadataFetch | null = null;
  /** What ends each lookup of the DHT. */
  #searches: readonly (() => void)[] = [];
  #webSeeds: WebSeeds | null = null;
  #isStarted = false;
  /** What was said of where peers may be sought. */
  #isPrivate: boolean | null | undefined;

  constructor(shared: Shared, mirror: Mirror, events: MirrorSourceEvents) {
    this.#shared = shared;
    this.#mirror = mirror;
    this.#events = events;
  }

  get reason(): string | null {
    if (this.#fetch !== null) return this.#fetch.status().reason;
    const download = this.#events.download();
    if (download === null || download.sourceCount > 0) return null;
    const webSeed = this.#webSeeds?.reason ?? null;
    if (webSeed !== null) return `no peer is connected yet; ${webSeed}`;
    const told = this.#announces.flatMap((each) => each.status());
    const failed = told.find(({ reason }) => reason !== null);
    return failed === undefined
      ? "no peer is connected yet"
      : `no peer is connected yet; ${failed.url}: ${failed.reason}`;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#announce(swarmsOf(this.#mirror), this.#mirror.trackers);
    for (const peer of this.#mirror.peers) void this.#named(peer);
  }

  async metadata(signal: AbortSignal): Promise<Uint8Array | null> {
    const { clock, telemetry, metrics, config } = this.#shared;
    const { infoHash, infoHashV2 } = this.#mirror;
    const fetch = new MetadataFetch(
      {
        ...{ clock, log: telemetry.log, metrics },
        peersFound: (addresses) => this.#events.peersFound(this.#allowed(addresses)),
      },
      { infoHash, infoHashV2, ...config, listenPort: config.port },
    );
    this.#fetch = fetch;
    const stop = (): void => fetch.stop();
    signal.addEventListener("abort", stop, { once: true });
    for (const peer of this.#mirror.peers) void this.#named(peer);
    try {
      return await fetch.result;
    } catch (error) {
      if (errorCode(error) === "metadata-stopped") return null;
      throw error;
    } finally {
      this.#fetch = null;
      signal.removeEventListener("abort", stop);
    }
  }

  renew(mirror: Mirror): void {
    const before = this.#mirror;
    this.#mirror = mirror;
    if (!this.#isStarted) return;
    const swarms = swarmsOf(before);
    const others = swarmsOf(mirror).filter((each) => !swarms.includes(each));
    const known = new Set(before.trackers.flat());
    const tiers = mirror.trackers.map((tier) => tier.filter((each) => !known.has(each)));
    this.#announce(swarms, tiers);
    this.#announce(others, mirror.trackers);
    const isNew = ({ host, port }: HostPort): boolean =>
      !before.peers.some((each) => each.host === host && each.port === port);
    for (const peer of mirror.peers.filter(isNew)) void this.#named(peer);
    this.#webSeeds?.add(mirror.webSeeds);
    if (others.length > 0) this.#endSearch();
    if (this.#isPrivate !== undefined) this.seek(this.#isPrivate);
  }

  seek(isPrivate: boolean | null): void {
    this.#isPrivate = isPrivate;
    const { config, dht } = this.#shared;
    if (isPrivate === true || !this.#mirror.dht || dht === null) return this.#endSearch();
    if (this.#searches.length > 0) return;
    const events = {
      peers: (addresses: readonly HostPort[]) => this.#found(addresses),
      wantsPeers: () => this.#wantsPeers,
    };
    this.#searches = swarmsOf(this.#mirror).map((each) => dht.search(each, config.port, events));
  }

  downloadBegan(metainfo: Metainfo, download: TorrentDownload): void {
    const urls = [...this.#mirror.webSeeds, ...metainfo.webSeeds];
    const { telemetry, webSeeds } = this.#shared;
    const ports = { ...this.#shared, log: telemetry.log, metrics: webSeeds };
    this.#webSeeds = new WebSeeds(ports, { metainfo, urls }, download);
  }

  downloadEnded(): void {
    this.#webSeeds?.end();
    this.#webSeeds = null;
  }

  completed(): void {
    this.#endSearch();
    this.#isPrivate = undefined;
    for (const announces of this.#announces) announces.completed();
  }

  handOver(): readonly TrackerAnnounces[] {
    this.#endSearch();
    return this.#announces;
  }

  async stop(withinMs: number): Promise<void> {
    this.#endSearch();
    await Promise.all(this.#announces.map((each) => each.stop(withinMs)));
  }

  /** Begins to announce these of its hashes to these tiers, some of which may be empty. */
  #announce(infoHashes: readonly InfoHash[], tiers: Mirror["trackers"]): void {
    const trackers = tiers.filter((tier) => tier.length > 0);
    if (infoHashes.length === 0 || trackers.length === 0) return;
    const announces = this.#open(infoHashes, trackers);
    this.#announces.push(announces);
    announces.start();
  }

  #open(infoHashes: readonly InfoHash[], trackers: Mirror["trackers"]): TrackerAnnounces {
    const { chance, config } = this.#shared;
    return new TrackerAnnounces(
      { ...this.#shared, log: this.#shared.telemetry.log },
      {
        ...{ infoHashes, peerId: config.ownPeerId, port: config.port },
        ...{ key: chance.below(KEY_VALUES), trackers },
      },
      {
        peers: (addresses) => this.#found(addresses),
        counts: () => this.#events.counts(),
        wantsPeers: () => this.#wantsPeers,
      },
    );
  }

  get #wantsPeers(): boolean {
    return this.#fetch !== null || this.#events.wantsPeers();
  }

  #endSearch(): void {
    for (const end of this.#searches) end();
    this.#searches = [];
  }

  #found(addresses: readonly HostPort[]): void {
    this.#fetch?.addPeers(addresses);
    this.#events.peersFound(addresses);
  }

  /** Whoever asked for the mirror may have named a host. */
  async #named({ host, port }: HostPort): Promise<void> {
    try {
      const addresses = await allowedAddresses(this.#shared.rule, host);
      this.#found(addresses.map(({ address }) => ({ host: address, port })));
    } catch (error) {
      const { log } = this.#shared.telemetry;
      log.warn("peer cannot be gone to", { host, port, code: errorCode(error) });
    }
  }

  #allowed(addresses: readonly HostPort[]): readonly HostPort[] {
    return addresses.filter(({ host }) => this.#shared.rule.allows(host));
  }
}
