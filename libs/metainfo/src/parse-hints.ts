import { type Bencoded, bytesOf, find, itemsOf, textOf } from "@seedfleet/bencode";
import { INFO_HASH_BYTES, type InfoHash, infoHashFromBytes } from "@seedfleet/bytes";
import { COLLECTIONS_MAX, SIMILAR_MAX } from "./limits.ts";
import type { Metainfo } from "./metainfo.ts";

/**
 * The hints at the same files elsewhere (BEP 38), which may stand in the info dictionary, beside
 * it, or both. What is no hint is left out, as is one that came before.
 */
export function parseHints(
  metainfo: Bencoded,
  info: Bencoded,
): Pick<Metainfo, "similar" | "collections"> {
  const similar = new Set<InfoHash>();
  const collections = new Set<string>();
  for (const dictionary of [info, metainfo]) {
    for (const item of itemsOf(find(dictionary, "similar"))) {
      const bytes = bytesOf(item);
      if (bytes?.length !== INFO_HASH_BYTES || similar.size === SIMILAR_MAX) continue;
      similar.add(infoHashFromBytes(bytes));
    }
    for (const item of itemsOf(find(dictionary, "collections"))) {
      const name = textOf(item);
      if (name && collections.size < COLLECTIONS_MAX) collections.add(name);
    }
  }
  return { similar: [...similar], collections: [...collections] };
}
