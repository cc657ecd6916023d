import assert from "node:assert/strict";
import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { type Bus, createBus, disconnected, type KeyValue, type ObjectStore } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import type { InfoHash } from "@seedfleet/bytes";
import {
  CONDITION_BUCKET,
  type ContentCheck,
  type IngestJob,
  type TorrentCondition,
  torrentCondition,
} from "@seedfleet/contracts";
import { hasEnded } from "@seedfleet/fleet";
import {
  type DraftFile,
  layoutTorrent,
  type Metainfo,
  type MetainfoDraft,
  makeMetainfo,
  parseMetainfo,
} from "@seedfleet/metainfo";
import type { Clock } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { turn } from "@seedfleet/testkit";
import { naiveDigests } from "../hashing/testing.ts";
import type { GivenStore, Published } from "../testing.ts";

export const PIECE_BYTES = 16_384;

const MARK_INTERVAL_BYTES = 1024 * 1024;

type TorrentFiles = Readonly<Record<string, Uint8Array>>;

/** What differs from a v1 torrent of a directory `content` with pieces of 16 KiB. */
export type GivenTorrent = Partial<MetainfoDraft> & {
  readonly fileOf?: (path: string) => Partial<DraftFile>;
};

export type Torrent = { readonly metainfo: Metainfo; readonly bytes: Uint8Array };

/** A torrent as another program would have made it, its hashes computed by the letter. */
export function givenTorrent(
  contents: TorrentFiles,
  { fileOf = () => ({}), ...changes }: GivenTorrent = {},
): Torrent {
  const { version = "v1", name = "content", single = false } = changes;
  const drafts = Object.entries(contents).map(([path, bytes]): DraftFile => {
    return { path: path.split("/"), lengthBytes: bytes.length, ...fileOf(path) };
  });
  const shape = { version, pieceLengthBytes: changes.pieceLengthBytes ?? PIECE_BYTES };
  const { files, sizeBytes } = layoutTorrent({ ...shape, files: drafts });
  const bytesOf = new Map(Object.entries(contents));
  const stored: Uint8Array[] = [];
  const laidOut = files.map((file) => {
    const bytes = file.padding ? undefined : bytesOf.get(file.path.join("/"));
    if (bytes !== undefined) stored.push(bytes);
    return { ...file, contentFile: bytes === undefined ? null : stored.length - 1 };
  });
  const digests = naiveDigests({
    ...{ files: stored, layout: { files: laidOut, sizeBytes }, ...shape },
  });
  const draft = { name, single, files: drafts, createdBy: "another program", ...shape };
  const bytes = makeMetainfo({ ...draft, ...digests, ...changes });
  const metainfo = parseMetainfo(bytes);
  assert(metainfo.kind === "metainfo");
  return { metainfo, bytes };
}

/** Has the store adopt a torrent, as the command does: its metainfo first. */
export async function adopt(
  given: GivenStore,
  { metainfo, bytes }: Torrent,
  { at, check = "now" }: { readonly at: readonly string[]; readonly check?: ContentCheck },
): Promise<Published> {
  const { infoHash } = metainfo;
  await given.catalog.putMetainfo(infoHash, bytes);
  const adoption = { infoHash, check };
  return await given.resultOf(await given.submitTo(at, { kind: "adopt", adoption }));
}

export async function check(
  given: GivenStore,
  infoHash: InfoHash,
  at: readonly string[],
): Promise<Published> {
  return await given.resultOf(await given.submitTo(at, { kind: "check", infoHash }));
}

/** What the store has noted of a torrent, where anybody can read it. */
export async function conditionOf(
  given: GivenStore,
  infoHash: InfoHash,
): Promise<TorrentCondition | null> {
  const conditions = await given.bus.keyValue(CONDITION_BUCKET);
  const found = await conditions.get(`${given.id}.${infoHash}`);
  return found && torrentCondition.parse(JSON.parse(String(Buffer.from(found.value))));
}

export async function badPiecesOf(given: GivenStore, infoHash: InfoHash): Promise<number[]> {
  const condition = await conditionOf(given, infoHash);
  return condition?.badPieces.map(({ piece }) => piece) ?? [];
}

/** The job once it is over, however it ended. */
export async function endOf(given: GivenStore, { id }: Pick<IngestJob, "id">): Promise<IngestJob> {
  for await (const update of given.jobs.follow(id)) {
    if (update.kind === "ended") return update.job;
  }
  const job = await given.jobs.find(id);
  assert(job !== null && hasEnded(job));
  return job;
}

/** Resolves when the store has hashed so much since it was started. */
export async function untilHashed({ telemetry }: GivenStore, bytes: number): Promise<void> {
  const { recorded } = telemetry;
  while ((recorded.total("seedfleet_piece_store_hashed_bytes") ?? 0) < bytes) await turn();
}

/** A file that takes long to hash and no space on disk; its pieces differ from each other. */
export function writeLong(path: string, sizeBytes: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const fd = openSync(path, "w");
  for (let at = 0; at < sizeBytes; at += MARK_INTERVAL_BYTES) writeSync(fd, `${at}`, at);
  ftruncateSync(fd, sizeBytes);
  closeSync(fd);
}

/** A bus in memory that also waits by this clock before it hands out again what failed. */
export function givenBus(clock: Clock): AsyncDisposable & { readonly bus: Bus } {
  const transport = openEmbeddedBus({ file: null }, { clock });
  const bus = createBus(transport, { clock, telemetry: silentTelemetry });
  return { bus, [Symbol.asyncDispose]: () => bus.close() };
}

/** The bus, but for one bucket in which so many writes find it away. */
export function away(bus: Bus, bucket: string, writes: number): Bus {
  let left = writes;
  const unless = async <Result>(write: () => Promise<Result>): Promise<Result> => {
    if (left === 0) return await write();
    left -= 1;
    throw disconnected(bucket);
  };
  const keyValue = async (name: string): Promise<KeyValue> => {
    const store = await bus.keyValue(name);
    if (name !== bucket) return store;
    return {
      get: (key) => store.get(key),
      put: (key, value) => unless(() => store.put(key, value)),
      update: (key, value, revision) => unless(() => store.update(key, value, revision)),
      delete: (key) => store.delete(key),
      keys: () => store.keys(),
      watch: (handle) => store.watch(handle),
    };
  };
  return replacing(bus, "keyValue", keyValue);
}

/** The bus, but for one bucket of objects into which nothing is written before the gate opens. */
export function gated(bus: Bus, bucket: string, gate: () => Promise<void>): Bus {
  const objectStore = async (name: string): Promise<ObjectStore> => {
    const store = await bus.objectStore(name);
    if (name !== bucket) return store;
    return {
      get: (key) => store.get(key),
      find: (key) => store.find(key),
      async put(key, value) {
        await gate();
        await store.put(key, value);
      },
      delete: (key) => store.delete(key),
    };
  };
  return replacing(bus, "objectStore", objectStore);
}

function replacing<Name extends keyof Bus>(bus: Bus, replaced: Name, by: Bus[Name]): Bus {
  return new Proxy(bus, {
    get(target, name) {
      if (name === replaced) return by;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
