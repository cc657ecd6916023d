import { createHash, type Hash } from "node:crypto";
import {
  type Bencoded,
  entriesOf,
  isDictionary,
  isList,
  itemsOf,
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
  const aliases = [truncatedInfoHash(infoHashV2)];
  const companion = companionInfo(infoBytes);
  if (companion !== null) aliases.push(sha1(companion));
  const tree = scanMetainfo(infoBytes);
  if ("kind" in tree) return aliases;
  const hash = createHash("sha1");
  hashWithoutEmptyKeys(rootOf(tree), hash);
  return [...aliases, infoHashFromBytes(hash.digest())];
}

function sha1(bytes: Uint8Array): InfoHash {
  return infoHashFromBytes(createHash("sha1").update(bytes).digest());
}

/** As deep as the text nests, which `BENCODE_DEPTH_MAX` bounds. */
function hashWithoutEmptyKeys(value: Bencoded, hash: Hash): void {
  if (isDictionary(value)) {
    hash.update(DICTIONARY);
    for (const entry of entriesOf(value)) {
      const key = rawOf(entry.key);
      if (EMPTY_KEY.equals(key)) continue;
      hash.update(key);
      hashWithoutEmptyKeys(entry.value, hash);
    }
    hash.update(END);
  } else if (isList(value)) {
    hash.update(LIST);
    for (const item of itemsOf(value)) hashWithoutEmptyKeys(item, hash);
    hash.update(END);
  } else {
    hash.update(rawOf(value));
  }
}
