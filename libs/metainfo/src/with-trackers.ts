import {
  bytesOf,
  type DictionaryEntry,
  encodeDictionary,
  encodeValue,
  entriesOf,
  find,
  isDictionary,
  joined,
  rawOf,
  rootOf,
} from "@seedfleet/bencode";
import { TRACKERS_MAX } from "./limits.ts";
import { isUrl } from "./parse-urls.ts";
import { scanMetainfo } from "./scan-metainfo.ts";
import { trackerEntries } from "./tracker-entries.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

/**
 * The .torrent file with other trackers: a tier each list, none to name no tracker. Every other
 * value stays as it is to the bit, the info dictionary and so the info hash among them; the keys at
 * the top are put in order.
 */
export function withTrackers(
  metainfoBytes: Uint8Array,
  tiers: readonly (readonly string[])[],
): Uint8Array | MetainfoViolation {
  const urls = tiers.flat();
  if (urls.length > TRACKERS_MAX) {
    return violation({ code: "too-many-trackers", max: TRACKERS_MAX });
  }
  if (!urls.every(isUrl)) return violation({ code: "url-invalid" });
  const tree = scanMetainfo(metainfoBytes);
  if ("kind" in tree) return tree;
  const root = rootOf(tree);
  if (!isDictionary(root)) return violation({ code: "torrent-is-no-dict" });
  if (!isDictionary(find(root, "info"))) return violation({ code: "torrent-missing-info" });

  const entries: DictionaryEntry[] = [];
  for (const { key, value } of entriesOf(root)) {
    const bytes = bytesOf(key) ?? new Uint8Array();
    if (!isTrackerKey(bytes)) entries.push([bytes, [rawOf(value)]]);
  }
  for (const [key, value] of Object.entries(trackerEntries(tiers))) {
    entries.push([key, encodeValue(value)]);
  }
  return joined(encodeDictionary(entries));
}

function isTrackerKey(key: Uint8Array): boolean {
  const text = Buffer.from(key).toString("latin1");
  return text === "announce" || text === "announce-list";
}
