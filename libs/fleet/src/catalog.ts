import type { Bus, KeyValue, KeyValueChange, ObjectStore } from "@seedfleet/bus";
import { type InfoHash, infoHashBytes, parseInfoHash } from "@seedfleet/bytes";
import {
  ALIAS_BUCKET,
  CATALOG_BUCKET,
  type CatalogEntry,
  catalogEntry,
  METAINFO_BUCKET,
  OBFUSCATED_BUCKET,
} from "@seedfleet/contracts";
import { obfuscatedHash } from "@seedfleet/mse";
import type { Log } from "@seedfleet/telemetry";

export type CatalogChange =
  | { readonly kind: "published"; readonly entry: CatalogEntry }
  | { readonly kind: "removed"; readonly infoHash: InfoHash }
  /** Everything that was there when the watch began has been told. */
  | { readonly kind: "initialised" };

export type FoundTorrentEntry = {
  readonly entry: CatalogEntry;
  /** Reads it, as `Catalog.metainfo()` does. */
  readonly metainfo: () => Promise<Uint8Array | null>;
};

export type DecideEntry = (before: CatalogEntry | null) => CatalogEntry | null;

/**
 * What the fleet publishes. Metainfo and names are written before the entry, removed after it.
 */
export type Catalog = {
  find(infoHash: InfoHash): Promise<CatalogEntry | null>;
  /** Also by one of its aliases. */
  findByAny(infoHash: InfoHash): Promise<CatalogEntry | null>;
  /**
   * The info hash or alias of which this is `obfuscatedHash()`: all that a peer tells that encrypts
   * its handshake (MSE/PE).
   */
  findObfuscated(hash: Uint8Array): Promise<InfoHash | null>;
  list(): Promise<CatalogEntry[]>;
  watch(handle: (change: CatalogChange) => void): Promise<{ stop(): void }>;
  /**
   * As `findByAny`, and looks for the metainfo at the same time: where nobody has asked for it for
   * long, each of the two takes a store some milliseconds.
   */
  findWhole(infoHash: InfoHash): Promise<FoundTorrentEntry | null>;
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
export async function openCatalog(
  bus: Pick<Bus, "keyValue" | "objectStore">,
  log: Log,
): Promise<Catalog> {
  const entries = await bus.keyValue(CATALOG_BUCKET);
  const aliases = await bus.keyValue(ALIAS_BUCKET);
  const obfuscated = await bus.keyValue(OBFUSCATED_BUCKET);
  const objects = await bus.objectStore(METAINFO_BUCKET);
  const stores = { entries, aliases, obfuscated, objects };
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
  const findByAny = async (infoHash: InfoHash): Promise<CatalogEntry | null> => {
    const found = await find(infoHash);
    if (found !== null) return found;
    const named = await nameAt(aliases, infoHash);
    return named === null ? null : await find(named);
  };
  return {
    find,
    findByAny,
    async findWhole(infoHash) {
      const finding = objects.find(infoHash).catch(() => null);
      const entry = await findByAny(infoHash);
      if (entry === null) return null;
      const metainfo = async (): Promise<Uint8Array | null> => {
        const found = entry.infoHash === infoHash ? await finding : null;
        // Who publishes writes the metainfo first, maybe after it was looked for.
        return (await found?.read()) ?? (await objects.get(entry.infoHash));
      };
      return { entry, metainfo };
    },
    findObfuscated: (hash) => nameAt(obfuscated, hash.toHex()),
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
  readonly obfuscated: KeyValue;
  readonly objects: ObjectStore;
};

/** The info hash that is kept under a key. */
async function nameAt(names: KeyValue, key: string): Promise<InfoHash | null> {
  const found = await names.get(key);
  return found === null ? null : parseInfoHash(String(Buffer.from(found.value)));
}

async function publish(stores: Stores, entry: CatalogEntry, metainfo: Uint8Array): Promise<void> {
  const { entries, objects } = stores;
  await objects.put(entry.infoHash, metainfo);
  await putNames(stores, entry);
  await entries.put(entry.infoHash, encodeEntry(entry));
}

/** All that peers may ask for the torrent by, in the clear or encrypted. */
async function putNames({ aliases, obfuscated }: Stores, entry: CatalogEntry): Promise<void> {
  for (const alias of entry.aliases) await putName(aliases, alias, entry.infoHash);
  for (const name of [entry.infoHash, ...entry.aliases]) {
    await putName(obfuscated, obfuscatedKey(name), name);
  }
}

async function putName(names: KeyValue, key: string, infoHash: InfoHash): Promise<void> {
  const found = await names.get(key);
  const value = Buffer.from(infoHash);
  if (found === null || !value.equals(found.value)) await names.put(key, value);
}

async function removeNames(
  { aliases, obfuscated }: Stores,
  infoHash: InfoHash,
  others: readonly InfoHash[],
) {
  for (const alias of others) await aliases.delete(alias);
  for (const name of [infoHash, ...others]) await obfuscated.delete(obfuscatedKey(name));
}

function obfuscatedKey(name: InfoHash): string {
  return obfuscatedHash(infoHashBytes(name)).toHex();
}

async function change(
  { read, ...stores }: Stores & { readonly read: ReadEntry },
  infoHash: InfoHash,
  decide: DecideEntry,
): Promise<CatalogEntry | null> {
  const { entries } = stores;
  while (true) {
    const found = await entries.get(infoHash);
    const before = found === null ? null : read(found.key, found.value);
    const after = decide(before);
    // An entry that cannot be read is none, but may be taken out all the same.
    if (after === before && (found === null || before !== null)) return after;
    if (after === null) {
      await entries.delete(infoHash);
      await removeNames(stores, infoHash, before?.aliases ?? []);
      return null;
    }
    await putNames(stores, after);
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
