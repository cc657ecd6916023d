import type { Bus, KeyValue, ObjectStore } from "@seedfleet/bus";
import { SeedfleetError } from "@seedfleet/runtime";
import { KEY_VALUES_OF_PEOPLE } from "./backup-buckets.ts";
import type { BackupRecord } from "./backup-format.ts";

export type FleetNotEmpty = { readonly code: "fleet-not-empty"; readonly bucket: string };

/** Rejects with `fleet-not-empty` where a restore would write over what a fleet has. */
export async function assertFleetEmpty(bus: Bus): Promise<void> {
  for (const bucket of KEY_VALUES_OF_PEOPLE) {
    for await (const _ of (await bus.keyValue(bucket)).keys()) throw fleetNotEmpty(bucket);
  }
}

/** Writes records to a fleet's buckets, in their order; gives how many there were of each. */
export async function restoreRecords(
  bus: Bus,
  records: AsyncIterable<BackupRecord>,
): Promise<ReadonlyMap<string, number>> {
  const keyValues = new Map<string, KeyValue>();
  const objectStores = new Map<string, ObjectStore>();
  const counts = new Map<string, number>();
  for await (const { kind, bucket, key, value } of records) {
    if (kind === "object") {
      const store = objectStores.get(bucket) ?? (await bus.objectStore(bucket));
      objectStores.set(bucket, store);
      await store.put(key, value);
    } else {
      const store = keyValues.get(bucket) ?? (await bus.keyValue(bucket));
      keyValues.set(bucket, store);
      await store.put(key, value);
    }
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return counts;
}

function fleetNotEmpty(bucket: string): SeedfleetError<FleetNotEmpty> {
  return new SeedfleetError(
    `Cannot restore: this fleet has something in ${bucket} already; restore to an empty one, or ` +
      "add --force, which writes over what the backup has and leaves everything else",
    { code: "fleet-not-empty", bucket },
  );
}
