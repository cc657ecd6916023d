import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import type { InfoHash } from "@seedfleet/bytes";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import {
  type CatalogEntry,
  type PieceRead,
  type PublishProgress,
  publishCall,
  readPieceCall,
} from "@seedfleet/contracts";
import { type Catalog, openCatalog } from "@seedfleet/fleet";
import { pieceLengthAt } from "@seedfleet/metainfo";
import { systemClock } from "@seedfleet/runtime";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { type RunningPieceStore, startPieceStore } from "./piece-store.ts";

export const HOLDER = "store-1";

type Published = Extract<PublishProgress, { kind: "published" }>;

export type GivenFiles = Readonly<Record<string, string | Uint8Array>>;

type Running = { readonly store: RunningPieceStore; readonly telemetry: RecordingTelemetry };

/** A piece-store over a directory of its own and an embedded bus, which outlives its restarts. */
export class GivenStore implements AsyncDisposable {
  readonly directory: GivenDirectory;
  readonly bus: Bus;
  readonly catalog: Catalog;
  #running: Running;

  private constructor(opened: Pick<GivenStore, "directory" | "bus" | "catalog">, running: Running) {
    this.directory = opened.directory;
    this.bus = opened.bus;
    this.catalog = opened.catalog;
    this.#running = running;
  }

  static async start(files: GivenFiles = {}): Promise<GivenStore> {
    const telemetry = recordingTelemetry();
    const bus = createBus(openEmbeddedBus({ file: null }), { clock: systemClock, telemetry });
    const catalog = await openCatalog(bus, telemetry.log);
    const directory = new GivenDirectory(files);
    return new GivenStore({ directory, bus, catalog }, await startStore(bus, directory.path));
  }

  get store(): RunningPieceStore {
    return this.#running.store;
  }

  /** What the running store tells, since it was started. */
  get telemetry(): RecordingTelemetry {
    return this.#running.telemetry;
  }

  /** `bus` lets the new store see a bus that fails. */
  async restart(bus: Bus = this.bus): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    this.#running = await startStore(bus, this.directory.path);
  }

  /** `path` is within the directory, or absolute. */
  progress(path = "", signal?: AbortSignal): AsyncIterable<PublishProgress> {
    const absolute = path.startsWith("/") ? path : this.directory.at(path);
    const request = { path: absolute, private: false };
    return this.bus.stream(publishCall, { holder: HOLDER }, request, signal ? { signal } : {});
  }

  async publish(path = ""): Promise<Published> {
    const told = await Array.fromAsync(this.progress(path));
    const last = told.at(-1);
    if (last?.kind !== "published") throw new Error("the last chunk is not the result");
    return last;
  }

  async read(read: Partial<PieceRead> & Pick<PieceRead, "infoHash">): Promise<Buffer> {
    const request = { piece: 0, begin: 0, length: 1, ...read };
    return Buffer.concat(
      await Array.fromAsync(this.bus.stream(readPieceCall, { holder: HOLDER }, request)),
    );
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
    await this.bus.close();
    this.directory[Symbol.dispose]();
  }
}

async function startStore(bus: Bus, root: string): Promise<Running> {
  const telemetry = recordingTelemetry();
  const ports = { bus, clock: systemClock, telemetry };
  return { telemetry, store: await startPieceStore(ports, { id: HOLDER, roots: [root] }) };
}

/** Matches an error that the store answered with. */
export function remote(code: string): (error: unknown) => boolean {
  return (error) => {
    const detail = error instanceof Error && "detail" in error ? error.detail : null;
    const hasCode = typeof detail === "object" && detail !== null && "remoteCode" in detail;
    return hasCode && detail.remoteCode === code;
  };
}

/** The bus, but for one bucket into which nothing can be written. */
export function refusingPuts(bus: Bus, bucket: string): Bus {
  const keyValue: Bus["keyValue"] = async (name) => {
    const store = await bus.keyValue(name);
    if (name !== bucket) return store;
    return {
      get: (key) => store.get(key),
      put: () => Promise.reject(new Error("killed here")),
      update: () => Promise.reject(new Error("killed here")),
      delete: (key) => store.delete(key),
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
