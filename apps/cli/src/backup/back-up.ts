import type { Bus, KeyValue, ObjectStore } from "@seedfleet/bus";
import { CATALOG_BUCKET, HASH_MEMO_BUCKET, hashMemo, METAINFO_BUCKET } from "@seedfleet/contracts";
import { KEY_VALUES_BACKED_UP } from "./backup-buckets.ts";
import type { BackupRecord } from "./backup-format.ts";

/**
 * Everything durable of a fleet but its jobs, a record at a time, while the fleet runs: an entry of
 * the catalog always has its metainfo before it. Jobs that are under way are not in it.
 */
export async function* recordsOf(bus: Bus): AsyncGenerator<BackupRecord, void, void> {
  const objects = await bus.objectStore(METAINFO_BUCKET);
  const entries = await bus.keyValue(CATALOG_BUCKET);
  const told = new Set<string>();
  for await (const entry of valuesOf(entries)) {
    const metainfo = await metainfoOf(objects, entry.key);
    // It was taken out meanwhile.
    if (metainfo === null) continue;
    told.add(entry.key);
    yield metainfo;
    yield { ...entry, kind: "key-value", bucket: CATALOG_BUCKET };
  }
  for (const bucket of KEY_VALUES_BACKED_UP) {
    for await (const entry of valuesOf(await bus.keyValue(bucket))) {
      if (bucket === HASH_MEMO_BUCKET) yield* hashedBefore(objects, entry.value, told);
      yield { ...entry, kind: "key-value", bucket };
    }
  }
}

type Value = Pick<BackupRecord, "key" | "value">;

async function* valuesOf(store: KeyValue): AsyncGenerator<Value, void, void> {
  for await (const key of store.keys()) {
    const found = await store.get(key);
    if (found !== null) yield { key, value: found.value };
  }
}

async function metainfoOf(objects: ObjectStore, key: string): Promise<BackupRecord | null> {
  const value = await objects.get(key);
  return value === null ? null : { kind: "object", bucket: METAINFO_BUCKET, key, value };
}

/** The metainfo of what was hashed and is published no more: it need not be hashed again. */
async function* hashedBefore(
  objects: ObjectStore,
  memo: Uint8Array,
  told: Set<string>,
): AsyncGenerator<BackupRecord, void, void> {
  const parsed = hashMemo.safeParse(parseJson(memo));
  if (!parsed.success || told.has(parsed.data.infoHash)) return;
  told.add(parsed.data.infoHash);
  const metainfo = await metainfoOf(objects, parsed.data.infoHash);
  if (metainfo !== null) yield metainfo;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return null;
  }
}
