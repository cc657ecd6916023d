import {
  bytesOf,
  type DictionaryEntry,
  type Encoded,
  encodeDictionary,
  entriesOf,
  find,
  joined,
  rawOf,
  rootOf,
} from "@seedfleet/bencode";
import { scanMetainfo } from "./scan-metainfo.ts";

/** What makes a torrent a hybrid, beside "piece layers" (BEP 52). */
const V2_INFO_KEYS: ReadonlySet<string> = new Set(["file tree", "meta version"]);

const V2_KEYS: ReadonlySet<string> = new Set(["piece layers"]);

/**
 * The v1 torrent of the same pieces as a hybrid, for clients that cannot open a hybrid at all, as
 * Transmission before 4: their readers refuse the empty keys of its file tree. It has an info hash
 * of its own, one of the hybrid's aliases. Null of bytes that are no hybrid's.
 */
export function v1Companion(metainfoBytes: Uint8Array): Uint8Array | null {
  const tree = scanMetainfo(metainfoBytes);
  if ("kind" in tree) return null;
  const root = rootOf(tree);
  const hybridInfo = find(root, "info");
  const info = hybridInfo === null ? null : companionInfo(rawOf(hybridInfo));
  if (info === null) return null;
  const entries: DictionaryEntry[] = [["info", [info]]];
  for (const { key, value } of entriesOf(root)) {
    const name = Buffer.from(bytesOf(key) ?? []).toString("latin1");
    if (name !== "info" && !V2_KEYS.has(name)) entries.push([name, [rawOf(value)]]);
  }
  return joined(encodeDictionary(entries));
}

/** The same of an info dictionary alone; null where it has no v1 side or no v2 side. */
export function companionInfo(infoBytes: Uint8Array): Uint8Array | null {
  const tree = scanMetainfo(infoBytes);
  const info = "kind" in tree ? null : rootOf(tree);
  if (info === null || find(info, "pieces") === null || find(info, "file tree") === null) {
    return null;
  }
  const entries: DictionaryEntry[] = [];
  for (const { key, value } of entriesOf(info)) {
    const name = Buffer.from(bytesOf(key) ?? []).toString("latin1");
    const raw: Encoded = [rawOf(value)];
    if (!V2_INFO_KEYS.has(name)) entries.push([bytesOf(key) ?? name, raw]);
  }
  return joined(encodeDictionary(entries));
}
