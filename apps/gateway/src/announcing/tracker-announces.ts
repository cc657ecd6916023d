import type { Chance, PeerAddress, TrackerStatus } from "@seedfleet/announce";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { Clock } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { SwarmAnnounces } from "./swarm-announces.ts";
import type { TrackerClients } from "./tracker-clients.ts";

export type TrackerAnnouncesPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly chance: Chance;
  /** The gateway's, which outlives these announces. */
  readonly clients: TrackerClients;
};

export type TrackerAnnouncesOptions = {
  /** Of a hybrid both, v2's cut to 20 bytes: they are two swarms. */
  readonly infoHashes: readonly InfoHash[];
  readonly peerId: PeerId;
  /** The port that peers are told. */
  readonly port: number;
  /** 32 bits, by which trackers know this gateway again if its address changes. */
  readonly key: number;
  /** Tiers, the first tried first (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
};

export type DownloadCounts = {
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  /** Null before the metainfo is there. */
  readonly leftBytes: number | null;
  /** It lacks pieces but does not want them (BEP 21). */
  readonly isPartial?: boolean;
};

/** What announces ask and tell the download that they are for. */
export type TrackerAnnouncesEvents = {
  /** Peers of an answer; only addresses that this gateway goes to. Some may be known, or itself. */
  peers(addresses: readonly PeerAddress[]): void;
  counts(): DownloadCounts;
  /** Whether more peers would help; then trackers are asked as soon as they let us. */
  wantsPeers(): boolean;
};

/** What is known of a tracker, for display. */
export type ShownTracker = Omit<TrackerStatus, "tracker"> & {
  readonly infoHash: InfoHash;
  /** Without path and query, where a passkey may be. */
  readonly url: string;
};

/** Announces one torrent to its trackers, and is told of peers. */
export class TrackerAnnounces {
  readonly infoHashes: readonly InfoHash[];
  readonly #clock: Clock;
  readonly #swarms: readonly SwarmAnnounces[];

  constructor(
    ports: TrackerAnnouncesPorts,
    options: TrackerAnnouncesOptions,
    events: TrackerAnnouncesEvents,
  ) {
    this.infoHashes = options.infoHashes;
    this.#clock = ports.clock;
    this.#swarms = options.infoHashes.map(
      (infoHash) => new SwarmAnnounces(ports, { ...options, infoHash }, events),
    );
  }

  start(): void {
    for (const swarm of this.#swarms) swarm.start();
  }

  /** The download is complete, which trackers that know it are told at once. */
  completed(): void {
    for (const swarm of this.#swarms) swarm.completed();
  }

  /**
   * It is whole and goes on being announced, to a tracker of every tier; these events are asked and
   * told from now on. Starts it where it was not.
   */
  seed(events: TrackerAnnouncesEvents): void {
    for (const swarm of this.#swarms) swarm.seed(events);
  }

  /** Ends without a word to the trackers: somebody announces the same from now on. */
  drop(): void {
    for (const swarm of this.#swarms) swarm.drop();
  }

  /** Tells the trackers that this gateway leaves, for no longer than this. Never rejects. */
  async stop(withinMs: number): Promise<void> {
    const late = new AbortController();
    const cancel = this.#clock.after(withinMs, () => late.abort());
    await Promise.all(this.#swarms.map((swarm) => swarm.stop(late.signal)));
    cancel();
  }

  status(): readonly ShownTracker[] {
    return this.#swarms.flatMap((swarm) => swarm.status());
  }
}
