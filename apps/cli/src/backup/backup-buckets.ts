import {
  ALIAS_BUCKET,
  ANNOUNCED_SEED_BUCKET,
  BUDGET_BUCKET,
  CATALOG_BUCKET,
  CONDITION_BUCKET,
  HASH_MEMO_BUCKET,
  INGEST_BUCKET,
  INGEST_CHECKPOINT_BUCKET,
  INGEST_QUEUE,
  LEFT_LEECHERS_BUCKET,
  METAINFO_BUCKET,
  MIRROR_BUCKET,
  OBFUSCATED_BUCKET,
  SCRUB_BUCKET,
  TRACKER_TOTALS_BUCKET,
  TRACKER_USER_BUCKET,
} from "@seedfleet/contracts";

/**
 * Key-values that a backup has whole, after the catalog. The names that entries are known by come
 * after them: one that was published meanwhile is then whole or not there.
 */
export const KEY_VALUES_BACKED_UP: readonly string[] = [
  ALIAS_BUCKET,
  OBFUSCATED_BUCKET,
  HASH_MEMO_BUCKET,
  BUDGET_BUCKET,
  MIRROR_BUCKET,
  ANNOUNCED_SEED_BUCKET,
  CONDITION_BUCKET,
  SCRUB_BUCKET,
  TRACKER_USER_BUCKET,
  TRACKER_TOTALS_BUCKET,
];

/** Of these a fleet that has just been started has none; the others stores write by themselves. */
export const KEY_VALUES_OF_PEOPLE: readonly string[] = [
  CATALOG_BUCKET,
  ...KEY_VALUES_BACKED_UP,
].filter((bucket) => bucket !== CONDITION_BUCKET && bucket !== SCRUB_BUCKET);

/**
 * Jobs under way are not backed up: their content is hashed again when it is published again. Nor
 * are leechers that a gateway left, who have gone when a backup is restored.
 */
export const LEFT_OUT: readonly string[] = [
  INGEST_BUCKET,
  INGEST_CHECKPOINT_BUCKET,
  INGEST_QUEUE,
  LEFT_LEECHERS_BUCKET,
];

/** Whether a line of a backup may be written to this bucket. */
export function isBackedUp(kind: "key-value" | "object", bucket: string): boolean {
  if (kind === "object") return bucket === METAINFO_BUCKET;
  return bucket === CATALOG_BUCKET || KEY_VALUES_BACKED_UP.includes(bucket);
}
