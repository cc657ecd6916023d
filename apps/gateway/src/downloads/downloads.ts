import { isDeepStrictEqual } from "node:util";
import type { InfoHash } from "@seedfleet/bytes";
import { mirrorProgressEvent } from "@seedfleet/contracts";
import { gatewaysOf, type Mirrors, type MirrorWatch } from "@seedfleet/fleet";
import { type CancelTimer, errorMessage } from "@seedfleet/runtime";
import type { PeerSide } from "../peer-side.ts";
import type { Torrent } from "../torrents/torrent.ts";
import { MirrorRun } from "./mirror-run.ts";
import type { DownloadedBytes, MirrorRunConfig, MirrorRunPorts } from "./mirror-run-ports.ts";

const ROUND_INTERVAL_MS = 1_000;
const TICK_INTERVAL_MS = 500;

/** What a drain waits for trackers to be told. */
const LEAVE_MS_MAX = 3_000;

export type DownloadsPorts = Omit<MirrorRunPorts, "peers"> & {
  readonly peers: MirrorRunPorts["peers"] & Pick<PeerSide, "tickDownloads">;
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
    for (const mirror of this.#watch.now.values()) {
      const part = gatewaysOf(mirror, gateways);
      const run = this.#runs.get(mirror.infoHash);
      // Other files are chosen: it begins anew with what is there.
      if (run !== undefined && !isDeepStrictEqual(run.mirror.choice, mirror.choice))
        this.#stop(run);
      else if (run !== undefined) run.sharedBy(part);
      else if (part.includes(this.#config.gateway)) {
        this.#runs.set(
          mirror.infoHash,
          new MirrorRun(this.#ports, this.#config, { mirror, gateways: part }),
        );
      }
    }
    for (const [infoHash, run] of [...this.#runs]) {
      const mirror = this.#watch.now.get(infoHash);
      const isOurs = mirror !== undefined && gatewaysOf(mirror, gateways).includes(this.#gateway);
      if (!isOurs) this.#stop(run);
    }
  }

  #stop(run: MirrorRun): void {
    const { infoHash } = run.mirror;
    void run.stop(LEAVE_MS_MAX);
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
    await Promise.all([...this.#runs.values()].map((run) => run.stop(LEAVE_MS_MAX)));
    this.#ports.writes[Symbol.dispose]();
    await Promise.all(this.#ports.outside.map((each) => each[Symbol.asyncDispose]()));
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
      if (run.state === "complete") void this.#forget(infoHash);
    }
  }

  async #forget(infoHash: InfoHash): Promise<void> {
    try {
      // Who follows it takes a record that goes before for one that was taken away.
      const entry = await this.#ports.catalog.find(infoHash);
      if (entry?.incomplete !== true) await this.#mirrors.remove(infoHash);
    } catch (error) {
      const reason = errorMessage(error);
      this.#ports.log.warn("mirror complete, its record stays for now", { infoHash, reason });
    }
  }
}
