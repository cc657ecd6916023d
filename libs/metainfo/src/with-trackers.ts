import bencode from "bencode";
import { bytesOf, entriesOf, find, isDictionary, rawOf, rootOf } from "./bencoded.ts";
import { TRACKERS_MAX } from "./limits.ts";
import { isUrl } from "./parse-urls.ts";
import { scanBencode } from "./scan-bencode.ts";
import { trackerEntries } from "./tracker-entries.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

/** A key and its value as they stand in the file, and the key's text to sort by. */
type RawEntry = { readonly key: Uint8Array; readonly raw: readonly Uint8Array[] };

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
  const tree = scanBencode(metainfoBytes);
  if ("kind" in tree) return tree;
  const root = rootOf(tree);
  if (!isDictionary(root)) return violation({ code: "torrent-is-no-dict" });
  if (!isDictionary(find(root, "info"))) return violation({ code: "torrent-missing-info" });

  const entries: RawEntry[] = [];
  for (const { key, value } of entriesOf(root)) {
    entries.push({ key: bytesOf(key) ?? new Uint8Array(), raw: [rawOf(key), rawOf(value)] });
  }
  const kept = entries.filter(({ key }) => !isTrackerKey(key));
  const added = Object.entries(trackerEntries(tiers)).map(
    ([key, value]): RawEntry => ({
      key: Buffer.from(key),
      raw: [bencode.encode(key), bencode.encode(value)],
    }),
  );
  const ordered = [...kept, ...added].toSorted((a, b) => Buffer.compare(a.key, b.key));
  return Uint8Array.from(
    Buffer.concat([Buffer.from("d"), ...ordered.flatMap(({ raw }) => raw), Buffer.from("e")]),
  );
}

function isTrackerKey(key: Uint8Array): boolean {
  const text = Buffer.from(key).toString("latin1");
  return text === "announce" || text === "announce-list";
}
