import type { Bus, KeyValue, KeyValueChange, ObjectStore } from "@seedfleet/bus";
import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import {
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

/** What the fleet publishes. The metainfo is written before the entry and removed after it. */
export type Catalog = {
  find(infoHash: InfoHash): Promise<CatalogEntry | null>;
  list(): Promise<CatalogEntry[]>;
  watch(handle: (change: CatalogChange) => void): Promise<{ stop(): void }>;
  /** The bytes of the `.torrent`, without trackers; null if there is no such torrent. */
  metainfo(infoHash: InfoHash): Promise<Uint8Array | null>;
  publish(entry: CatalogEntry, metainfo: Uint8Array): Promise<void>;
  /** Stops publishing but keeps the metainfo, so that it can be published again unhashed. */
  retire(infoHash: InfoHash): Promise<void>;
  remove(infoHash: InfoHash): Promise<void>;
};

/** Opens the catalog over the bus's durable stores. What it cannot read is logged and skipped. */
export async function openCatalog(bus: Bus, log: Log): Promise<Catalog> {
  const entries = await bus.keyValue(CATALOG_BUCKET);
  const objects = await bus.objectStore(METAINFO_BUCKET);
  const read = (key: string, value: Uint8Array): CatalogEntry | null => {
    const parsed = catalogEntry.safeParse(parseJson(value));
    if (parsed.success) return parsed.data;
    log.error("catalog entry unreadable", { key, reason: parsed.error.message });
    return null;
  };
  return {
    async find(infoHash) {
      const found = await entries.get(infoHash);
      return found === null ? null : read(found.key, found.value);
    },
    list: () => listEntries(entries, read),
    watch: (handle) => entries.watch((change) => tell(change, read, handle)),
    metainfo: (infoHash) => objects.get(infoHash),
    publish: (entry, metainfo) => publish(entries, objects, { entry, metainfo }),
    retire: (infoHash) => entries.delete(infoHash),
    async remove(infoHash) {
      await entries.delete(infoHash);
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

async function publish(
  entries: KeyValue,
  objects: ObjectStore,
  published: { readonly entry: CatalogEntry; readonly metainfo: Uint8Array },
): Promise<void> {
  const { entry, metainfo } = published;
  await objects.put(entry.infoHash, metainfo);
  await entries.put(entry.infoHash, new TextEncoder().encode(JSON.stringify(entry)));
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
