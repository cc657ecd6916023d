import { closeSync, openSync, readSync, statSync, utimesSync, writeSync } from "node:fs";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import type { InfoHash } from "@seedfleet/bytes";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import {
  type CatalogEntry,
  DEFAULT_TORRENT_OPTIONS,
  type IngestJob,
  type IngestProgress,
  type IngestRequest,
  type PieceRead,
  readPieceCall,
  type TorrentOptions,
} from "@seedfleet/contracts";
import { type Catalog, type IngestJobs, openCatalog, openIngestJobs } from "@seedfleet/fleet";
import { pieceLengthAt } from "@seedfleet/metainfo";
import { type Clock, loadConfig, SeedfleetError, systemClock } from "@seedfleet/runtime";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { type PieceStoreConfig, pieceStoreConfig } from "./config.ts";
import { type RunningPieceStore, startPieceStore } from "./piece-store.ts";

export const HOLDER = "store-1";

export type Published = NonNullable<IngestJob["result"]>;

/** What differs from a store that reads its directory, caches nothing and scrubs nothing. */
export type GivenConfig = Partial<PieceStoreConfig> & { readonly id?: string };

/** What a store has from outside: another's bus, which it leaves open, or a test's clock. */
export type GivenPorts = { readonly bus?: Bus; readonly clock?: Clock };

export type GivenFiles = Readonly<Record<string, string | Uint8Array>>;

type Running = { readonly store: RunningPieceStore; readonly telemetry: RecordingTelemetry };

/** A piece-store over a directory of its own and an embedded bus, which outlives its restarts. */
export class GivenStore implements AsyncDisposable {
  readonly directory: GivenDirectory;
  readonly bus: Bus;
  readonly catalog: Catalog;
  readonly jobs: IngestJobs;
  /** The holder it is. */
  readonly id: string;
  readonly #config: GivenConfig;
  readonly #ports: GivenPorts & { readonly clock: Clock };
  #running: Running;

  private constructor(
    opened: Pick<GivenStore, "directory" | "bus" | "catalog" | "jobs">,
    given: { readonly config: GivenConfig; readonly ports: GivenPorts & { readonly clock: Clock } },
    running: Running,
  ) {
    this.directory = opened.directory;
    this.bus = opened.bus;
    this.catalog = opened.catalog;
    this.jobs = opened.jobs;
    this.id = given.config.id ?? HOLDER;
    this.#config = given.config;
    this.#ports = given.ports;
    this.#running = running;
  }

  static async start(
    files: GivenFiles = {},
    config: GivenConfig = {},
    ports: GivenPorts = {},
  ): Promise<GivenStore> {
    const telemetry = recordingTelemetry();
    const { clock = systemClock } = ports;
    const bus = ports.bus ?? createBus(openEmbeddedBus({ file: null }), { clock, telemetry });
    const catalog = await openCatalog(bus, telemetry.log);
    const jobs = await openIngestJobs({ bus, clock });
    const directory = new GivenDirectory(files);
    // Whole seconds, which can be set again to the nanosecond.
    for (const path of Object.keys(files)) utimesSync(directory.at(path), 1_000, 1_000);
    const running = await startStore({ bus, clock }, directory.path, config);
    const given = { config, ports: { ...ports, clock } };
    return new GivenStore({ directory, bus, catalog, jobs }, given, running);
  }

  get store(): RunningPieceStore {
    return this.#running.store;
  }

  /** What the running store tells, since it was started. */
  get telemetry(): RecordingTelemetry {
    return this.#running.telemetry;
  }

  /** `bus` lets the new store see a bus that fails. */
  async restart(bus: Bus = this.bus, config: GivenConfig = this.#config): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    const { clock } = this.#ports;
    this.#running = await startStore({ bus, clock }, this.directory.path, config);
  }

  /** `path` is within the directory, or absolute, or a URL. */
  locationOf(path: string): string {
    return /^\/|:\/\//.test(path) ? path : this.directory.at(path);
  }

  submit(path: string, options: Partial<TorrentOptions> = {}): Promise<IngestJob> {
    return this.submitTo([path], {
      kind: "make",
      options: { ...DEFAULT_TORRENT_OPTIONS, ...options },
    });
  }

  submitTo(paths: readonly string[], torrent: IngestRequest["torrent"]): Promise<IngestJob> {
    const locations = paths.map((path) => this.locationOf(path));
    return this.jobs.submit({ holder: this.id, locations, torrent });
  }

  async publish(
    path = "",
    options: Partial<TorrentOptions> = { version: "v1" },
  ): Promise<Published> {
    return await this.resultOf(await this.submit(path, options));
  }

  /** Throws the store's own reason where the job fails. */
  async resultOf(
    { id }: IngestJob,
    progress: (told: IngestProgress) => void = () => {},
  ): Promise<Published> {
    for await (const update of this.jobs.follow(id)) {
      if (update.kind === "progress") progress(update.progress);
      else if (update.job.result !== null) return update.job.result;
      else throw failureOf(update.job);
    }
    throw new Error("the job is gone");
  }

  /** The first byte of the torrent, or what else is asked for. */
  async read(
    read: Partial<PieceRead> & Pick<PieceRead, "infoHash">,
    signal?: AbortSignal,
  ): Promise<Buffer> {
    const request = { piece: 0, begin: 0, length: 1, verify: false, ...read };
    const options = signal === undefined ? {} : { signal };
    const stream = this.bus.stream(readPieceCall, { holder: this.id }, request, options);
    return Buffer.concat(await Array.fromAsync(stream));
  }

  /** Every piece, one after the other. */
  async readAll(entry: CatalogEntry): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let piece = 0; piece < entry.pieceCount; piece += 1) {
      const { infoHash } = entry;
      pieces.push(await this.read({ infoHash, piece, length: pieceLengthAt(entry, piece) }));
    }
    return Buffer.concat(pieces);
  }

  async catalogued(): Promise<InfoHash[]> {
    return (await this.catalog.list()).map(({ infoHash }) => infoHash);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    if (this.#ports.bus === undefined) await this.bus.close();
    this.directory[Symbol.dispose]();
  }
}

async function startStore(
  ports: { readonly bus: Bus; readonly clock: Clock },
  root: string,
  config: GivenConfig,
): Promise<Running> {
  const telemetry = recordingTelemetry();
  const store = await startPieceStore(
    { ...ports, telemetry },
    {
      ...loadConfig(pieceStoreConfig, {}),
      ...{ id: HOLDER, roots: [root], cacheBytes: 0, scrubBytesPerSecond: 0, hashThreads: 2 },
      ...config,
    },
  );
  return { telemetry, store };
}

function failureOf({ state, failure }: IngestJob): SeedfleetError {
  return new SeedfleetError(failure?.message ?? state, { code: failure?.code ?? state });
}

/** Matches an error that the store answered with, or that a job of it failed with. */
export function remote(code: string): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof SeedfleetError)) return false;
    const detail: { readonly code: string; readonly remoteCode?: string } = error.detail;
    return (detail.remoteCode ?? detail.code) === code;
  };
}

/** The bus, but for one bucket in which some things cannot be done. */
export function refusing(
  bus: Bus,
  bucket: string,
  methods: readonly ("put" | "update" | "delete")[],
): Bus {
  const refuse = (): Promise<never> => Promise.reject(new Error("killed here"));
  const keyValue: Bus["keyValue"] = async (name) => {
    const store = await bus.keyValue(name);
    if (name !== bucket) return store;
    return {
      get: (key) => store.get(key),
      put: methods.includes("put") ? refuse : (key, value) => store.put(key, value),
      update: methods.includes("update")
        ? refuse
        : (key, value, revision) => store.update(key, value, revision),
      delete: methods.includes("delete") ? refuse : (key) => store.delete(key),
      keys: () => store.keys(),
      watch: (handle) => store.watch(handle),
    };
  };
  return new Proxy(bus, {
    get(target, name) {
      if (name === "keyValue") return keyValue;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** Spoils a byte as a disk would: size, time and inode of the file stay as they were. */
export function flipBit(path: string, at: number): void {
  const { atime, mtime } = statSync(path);
  const fd = openSync(path, "r+");
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, at);
  writeSync(
    fd,
    byte.map((value) => value ^ 1),
    0,
    1,
    at,
  );
  closeSync(fd);
  utimesSync(path, atime, mtime);
}
