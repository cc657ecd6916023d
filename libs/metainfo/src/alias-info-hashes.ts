import { hash } from "node:crypto";
import {
  type Bencoded,
  entriesOf,
  isDictionary,
  isList,
  itemsOf,
  joined,
  rawOf,
  rootOf,
} from "@seedfleet/bencode";
import { type InfoHash, infoHashFromBytes, truncatedInfoHash } from "@seedfleet/bytes";
import type { Metainfo } from "./metainfo.ts";
import { scanMetainfo } from "./scan-metainfo.ts";
import { companionInfo } from "./v1-companion.ts";

const DICTIONARY = Buffer.from("d");
const LIST = Buffer.from("l");
const END = Buffer.from("e");

/** The key of every file in a v2 file tree (BEP 52). */
const EMPTY_KEY = Buffer.from("0:");

/**
 * The other info hashes under which peers ask for a torrent.
 *
 * Those who take part in a hybrid by its v2 side use the head of its v2 hash (BEP 52); its v1
 * companion has one of its own; and aria2 up to 1.36 loses every entry with an empty key when it
 * reads a .torrent, so of a hybrid, whose file tree is made of such, it computes the hash of what
 * is left, and takes part by v1 under that.
 */
export function aliasInfoHashes(metainfo: Metainfo): readonly InfoHash[] {
  const { version, infoHashV2, infoBytes } = metainfo;
  if (version !== "hybrid" || infoHashV2 === null) return [];
  return [
    truncatedInfoHash(infoHashV2),
    ...v1Infos(infoBytes).map((info) => infoHashFromBytes(hash("sha1", info, "buffer"))),
  ];
}

/**
 * The info dictionary that has this info hash, which is the torrent's or one of its aliases: what a
 * peer that knows nothing but the hash has to be given (BEP 9). Null where it is neither.
 */
export function infoBytesNamed(metainfo: Metainfo, infoHash: InfoHash): Uint8Array | null {
  const { version, infoHashV2, infoBytes } = metainfo;
  if (infoHash === metainfo.infoHash) return infoBytes;
  if (infoHashV2 !== null && infoHash === truncatedInfoHash(infoHashV2)) return infoBytes;
  if (version !== "hybrid") return null;
  return v1Infos(infoBytes).find((info) => hash("sha1", info) === infoHash) ?? null;
}

/** What a hybrid is to those who know v1 alone: its companion, and what aria2 makes of it. */
function v1Infos(infoBytes: Uint8Array): Uint8Array[] {
  const companion = companionInfo(infoBytes);
  const tree = scanMetainfo(infoBytes);
  return [
    ...(companion === null ? [] : [companion]),
    ...("kind" in tree ? [] : [joined(withoutEmptyKeys(rootOf(tree)))]),
  ];
}

/** As deep as the text nests, which `BENCODE_DEPTH_MAX` bounds. */
function withoutEmptyKeys(value: Bencoded): Uint8Array[] {
  if (isDictionary(value)) {
    const entries = [...entriesOf(value)].map((entry) => ({ ...entry, raw: rawOf(entry.key) }));
    const kept = entries.filter(({ raw }) => !EMPTY_KEY.equals(raw));
    const inside = kept.flatMap((entry) => [entry.raw, ...withoutEmptyKeys(entry.value)]);
    return [DICTIONARY, ...inside, END];
  }
  if (isList(value)) return [LIST, ...[...itemsOf(value)].flatMap(withoutEmptyKeys), END];
  return [rawOf(value)];
}
