import { isDeepStrictEqual } from "node:util";
import type { InfoHash } from "@seedfleet/bytes";
import { type AnnouncedSeed, type Mirror, mirrorProgressEvent } from "@seedfleet/contracts";
import {
  type AnnouncedSeeds,
  gatewaysOf,
  type Mirrors,
  type MirrorWatch,
  otherNameOf,
} from "@seedfleet/fleet";
import { type CancelTimer, errorCode, errorMessage } from "@seedfleet/runtime";
import type { SeedAnnounces } from "../announcing/seed-announces.ts";
import type { PeerSide } from "../peer-side.ts";
import type { Torrent } from "../torrents/torrent.ts";
import { MirrorRun } from "./mirror-run.ts";
import type { DownloadedBytes, MirrorRunConfig, MirrorRunPorts } from "./mirror-run-ports.ts";
import { mergeIntoOne } from "./same-torrent.ts";

const ROUND_INTERVAL_MS = 1_000;
const TICK_INTERVAL_MS = 500;

/** What a drain waits for trackers to be told. */
const LEAVE_MS_MAX = 3_000;

export type DownloadsPorts = Omit<MirrorRunPorts, "peers"> & {
  readonly peers: MirrorRunPorts["peers"] & Pick<PeerSide, "tickDownloads">;
  /** What was downloaded, as it goes on being announced. */
  readonly seeds: SeedAnnounces;
  readonly announced: Pick<AnnouncedSeeds, "add">;
  /** What asks outside for peers; it ends with the downloads. */
  readonly outside: readonly AsyncDisposable[];
  /** Gateways that take part, this one among them. */
  readonly gateways: () => readonly string[];
};

/** What this gateway downloads: its part in each of the fleet's mirrors. */
export class Downloads {
  readonly #ports: DownloadsPorts;
  readonly #config: MirrorRunConfig;
  readonly #mirrors: Pick<Mirrors, "remove">;
  readonly #watch: MirrorWatch;
  readonly #runs = new Map<InfoHash, MirrorRun>();
  readonly #timers: readonly CancelTimer[];
  /** Those that are made one with another. */
  readonly #merging = new Set<InfoHash>();
  #downloadedBytesOfGone = 0;
  #wastedBytesOfGone = 0;
  #stopped = false;

  constructor(
    ports: DownloadsPorts,
    config: MirrorRunConfig,
    of: { readonly mirrors: Pick<Mirrors, "remove">; readonly watch: MirrorWatch },
  ) {
    this.#ports = ports;
    this.#config = config;
    this.#mirrors = of.mirrors;
    this.#watch = of.watch;
    const { clock, peers } = ports;
    this.#timers = [
      clock.every(ROUND_INTERVAL_MS, () => this.#round()),
      clock.every(TICK_INTERVAL_MS, () => {
        if (this.#runs.size > 0) peers.tickDownloads(clock.nowMs());
      }),
    ];
    this.changed();
  }

  /** Mirrors that this gateway takes part in. */
  get count(): number {
    return this.#runs.size;
  }

  /** Those of them that cannot go on now. */
  get haltedCount(): number {
    const isHalted = ({ state }: MirrorRun): boolean => state === "paused" || state === "failed";
    return [...this.#runs.values()].filter(isHalted).length;
  }

  /** Those that were whole before, and that this gateway announces as a seed. */
  get announcedCount(): number {
    return this.#ports.seeds.count;
  }

  /** Memory of pieces that are begun and not stored. */
  get memoryBytes(): number {
    return this.#ports.memory.begunBytes;
  }

  /** Block bytes that came, of all mirrors there ever were. */
  get downloadedBytes(): number {
    return this.#sum(this.#downloadedBytesOfGone, ({ downloadedBytes }) => downloadedBytes);
  }

  /** Of them those that came twice, or were not what they should be. */
  get wastedBytes(): number {
    return this.#sum(this.#wastedBytesOfGone, ({ wastedBytes }) => wastedBytes);
  }

  isDownloading(infoHash: InfoHash): boolean {
    return this.#runs.has(infoHash);
  }

  /** Mirrors came or went, or gateways did. */
  changed(): void {
    if (this.#stopped) return;
    const gateways = this.#ports.gateways();
    const mirrors = [...this.#watch.now.values()];
    const byOtherName = new Map(mirrors.map((each) => [otherNameOf(each), each]));
    for (const mirror of mirrors) {
      const part = gatewaysOf(mirror, gateways);
      const same = byOtherName.get(mirror.infoHash);
      if (same !== undefined) {
        if (part.includes(this.#gateway)) void this.#merge(mirror, same);
        continue;
      }
      const run = this.#runs.get(mirror.infoHash);
      // Other files are chosen: it begins anew with what is there.
      if (run !== undefined && !isDeepStrictEqual(run.mirror.choice, mirror.choice)) {
        void run.stop(LEAVE_MS_MAX);
        this.#gone(run);
      } else if (run !== undefined) run.renew(mirror, part);
      else if (part.includes(this.#config.gateway)) {
        this.#ports.seeds.hold(mirror.infoHash);
        this.#runs.set(
          mirror.infoHash,
          new MirrorRun(this.#ports, this.#config, { mirror, gateways: part }),
        );
      }
    }
    for (const [infoHash, run] of [...this.#runs]) {
      const mirror = this.#watch.now.get(infoHash);
      const isOurs = mirror !== undefined && gatewaysOf(mirror, gateways).includes(this.#gateway);
      if (isOurs) continue;
      this.#leave(run);
      this.#gone(run);
    }
    this.#ports.seeds.changed();
  }

  #gone(run: MirrorRun): void {
    const { infoHash } = run.mirror;
    // Its last round was a while ago, and whoever adds up would miss what came since.
    this.#ports.bus.publish(mirrorProgressEvent, { infoHash }, run.progress());
    const { downloadedBytes, wastedBytes } = run.downloaded;
    this.#downloadedBytesOfGone += downloadedBytes;
    this.#wastedBytesOfGone += wastedBytes;
    this.#runs.delete(infoHash);
  }

  /** A piece of the torrent is there; its bitfield has it already. */
  got({ infoHash }: Torrent, piece: number): void {
    this.#runs.get(infoHash)?.verified(piece);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const cancel of this.#timers) cancel();
    this.#watch.stop();
    const runs = [...this.#runs.values()].map((run) => run.stop(LEAVE_MS_MAX));
    await Promise.all([...runs, this.#ports.seeds.stop(LEAVE_MS_MAX)]);
    this.#ports.writes[Symbol.dispose]();
    await Promise.all(this.#ports.outside.map((each) => each[Symbol.asyncDispose]()));
  }

  /** Somebody asked for a hybrid by its other hash. */
  async #merge(mirror: Mirror, into: Mirror): Promise<void> {
    const { infoHash } = mirror;
    if (this.#merging.has(infoHash)) return;
    this.#merging.add(infoHash);
    try {
      await mergeIntoOne(this.#ports.names, mirror, into);
    } catch (error) {
      const reason = errorMessage(error);
      this.#ports.log.warn("two mirrors of one torrent stay two for now", { infoHash, reason });
    } finally {
      this.#merging.delete(infoHash);
    }
  }

  /** What is whole stays in its swarm, as a seed. */
  #leave(run: MirrorRun): void {
    const { seeds } = this.#ports;
    const { seed } = run;
    if (seed === null) {
      seeds.release(run.mirror.infoHash);
      void run.stop(LEAVE_MS_MAX);
    } else seeds.adopt(seed, run.handOver());
  }

  #sum(ofGone: number, bytesOf: (downloaded: DownloadedBytes) => number): number {
    let sum = ofGone;
    for (const { downloaded } of this.#runs.values()) sum += bytesOf(downloaded);
    return sum;
  }

  get #gateway(): string {
    return this.#config.gateway;
  }

  #round(): void {
    this.changed();
    for (const [infoHash, run] of this.#runs) {
      this.#ports.bus.publish(mirrorProgressEvent, { infoHash }, run.progress());
      if (run.state === "complete") void this.#forget(run);
    }
  }

  async #forget({ mirror: { infoHash }, seed }: MirrorRun): Promise<void> {
    try {
      // Who follows it takes a record that goes before for one that was taken away.
      const entry = await this.#ports.catalog.find(infoHash);
      if (entry?.incomplete === true) return;
      if (seed !== null) await this.#announce(seed);
      await this.#mirrors.remove(infoHash);
    } catch (error) {
      const reason = errorMessage(error);
      this.#ports.log.warn("mirror complete, its record stays for now", { infoHash, reason });
    }
  }

  /** One that cannot be recorded is seeded all the same. */
  async #announce(seed: AnnouncedSeed): Promise<void> {
    try {
      await this.#ports.announced.add(seed);
    } catch (error) {
      if (errorCode(error) !== "announced-seeds-full") throw error;
      const { infoHash } = seed;
      this.#ports.log.warn("mirror complete, but not announced", {
        ...{ infoHash, reason: errorMessage(error) },
      });
    }
  }
}
