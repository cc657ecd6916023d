import type { Bus, KeyValue, KeyValueChange, ObjectStore } from "@seedfleet/bus";
import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import {
  ALIAS_BUCKET,
  CATALOG_BUCKET,
  type CatalogEntry,
  catalogEntry,
  METAINFO_BUCKET,
} from "@seedfleet/contracts";
import type { Log } from "@seedfleet/telemetry";

export type CatalogChange =
  | { readonly kind: "published"; readonly entry: CatalogEntry }
  | { readonly kind: "removed"; readonly infoHash: InfoHash }
  /** Everything that was there when the watch began has been told. */
  | { readonly kind: "initialised" };

export type DecideEntry = (before: CatalogEntry | null) => CatalogEntry | null;

/**
 * What the fleet publishes. Metainfo and aliases are written before the entry and removed after it.
 */
export type Catalog = {
  find(infoHash: InfoHash): Promise<CatalogEntry | null>;
  /** Also by one of its aliases. */
  findByAny(infoHash: InfoHash): Promise<CatalogEntry | null>;
  list(): Promise<CatalogEntry[]>;
  watch(handle: (change: CatalogChange) => void): Promise<{ stop(): void }>;
  /** The bytes of the `.torrent`, without trackers; null if there is no such torrent. */
  metainfo(infoHash: InfoHash): Promise<Uint8Array | null>;
  /** Kept whether or not there is an entry; where there is one, it has been written before. */
  putMetainfo(infoHash: InfoHash, metainfo: Uint8Array): Promise<void>;
  publish(entry: CatalogEntry, metainfo: Uint8Array): Promise<void>;
  /**
   * Writes what `decide` makes of the entry that is there, and decides anew when somebody else
   * wrote meanwhile. Null takes it out; the same object leaves it. Gives what is there then.
   */
  change(infoHash: InfoHash, decide: DecideEntry): Promise<CatalogEntry | null>;
  /** Stops publishing but keeps the metainfo, so that it can be published again unhashed. */
  retire(infoHash: InfoHash): Promise<void>;
  remove(infoHash: InfoHash): Promise<void>;
};

/** Opens the catalog over the bus's durable stores. What it cannot read is logged and skipped. */
export async function openCatalog(bus: Bus, log: Log): Promise<Catalog> {
  const entries = await bus.keyValue(CATALOG_BUCKET);
  const aliases = await bus.keyValue(ALIAS_BUCKET);
  const objects = await bus.objectStore(METAINFO_BUCKET);
  const stores = { entries, aliases, objects };
  const read = (key: string, value: Uint8Array): CatalogEntry | null => {
    const parsed = catalogEntry.safeParse(parseJson(value));
    if (parsed.success) return parsed.data;
    log.error("catalog entry unreadable", { key, reason: parsed.error.message });
    return null;
  };
  const find = async (infoHash: InfoHash): Promise<CatalogEntry | null> => {
    const found = await entries.get(infoHash);
    return found === null ? null : read(found.key, found.value);
  };
  return {
    find,
    async findByAny(infoHash) {
      const found = await find(infoHash);
      if (found !== null) return found;
      const alias = await aliases.get(infoHash);
      const named = alias === null ? null : parseInfoHash(String(Buffer.from(alias.value)));
      return named === null ? null : await find(named);
    },
    list: () => listEntries(entries, read),
    watch: (handle) => entries.watch((change) => tell(change, read, handle)),
    metainfo: (infoHash) => objects.get(infoHash),
    putMetainfo: (infoHash, metainfo) => objects.put(infoHash, metainfo),
    publish: (entry, metainfo) => publish(stores, entry, metainfo),
    change: (infoHash, decide) => change({ ...stores, read }, infoHash, decide),
    async retire(infoHash) {
      await change({ ...stores, read }, infoHash, () => null);
    },
    async remove(infoHash) {
      await change({ ...stores, read }, infoHash, () => null);
      await objects.delete(infoHash);
    },
  };
}

type ReadEntry = (key: string, value: Uint8Array) => CatalogEntry | null;

async function listEntries(entries: KeyValue, read: ReadEntry): Promise<CatalogEntry[]> {
  const listed: CatalogEntry[] = [];
  for await (const key of entries.keys()) {
    const found = await entries.get(key);
    const entry = found === null ? null : read(found.key, found.value);
    if (entry !== null) listed.push(entry);
  }
  return listed.toSorted((a, b) => (a.infoHash < b.infoHash ? -1 : 1));
}

function tell(
  change: KeyValueChange,
  read: ReadEntry,
  handle: (change: CatalogChange) => void,
): void {
  if (change.kind === "initialised") return handle({ kind: "initialised" });
  if (change.kind === "put") {
    const entry = read(change.key, change.value);
    if (entry !== null) handle({ kind: "published", entry });
    return;
  }
  const infoHash = parseInfoHash(change.key);
  if (infoHash !== null) handle({ kind: "removed", infoHash });
}

type Stores = {
  readonly entries: KeyValue;
  readonly aliases: KeyValue;
  readonly objects: ObjectStore;
};

async function publish(stores: Stores, entry: CatalogEntry, metainfo: Uint8Array): Promise<void> {
  const { entries, objects } = stores;
  await objects.put(entry.infoHash, metainfo);
  await putAliases(stores, entry);
  await entries.put(entry.infoHash, encodeEntry(entry));
}

async function putAliases({ aliases }: Stores, { aliases: names, infoHash }: CatalogEntry) {
  for (const alias of names) {
    const found = await aliases.get(alias);
    const value = Buffer.from(infoHash);
    if (found === null || !value.equals(found.value)) await aliases.put(alias, value);
  }
}

async function change(
  { read, ...stores }: Stores & { readonly read: ReadEntry },
  infoHash: InfoHash,
  decide: DecideEntry,
): Promise<CatalogEntry | null> {
  const { entries, aliases } = stores;
  while (true) {
    const found = await entries.get(infoHash);
    const before = found === null ? null : read(found.key, found.value);
    const after = decide(before);
    // An entry that cannot be read is none, but may be taken out all the same.
    if (after === before && (found === null || before !== null)) return after;
    if (after === null) {
      await entries.delete(infoHash);
      for (const alias of before?.aliases ?? []) await aliases.delete(alias);
      return null;
    }
    await putAliases(stores, after);
    const written = await entries.update(infoHash, encodeEntry(after), found?.revision ?? 0);
    if (written !== null) return after;
  }
}

function encodeEntry(entry: CatalogEntry): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(entry));
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
