import { type BencodeLimits, type BencodeTree, scanBencode } from "@seedfleet/bencode";
import { BENCODE_DEPTH_MAX, BENCODE_TOKENS_MAX, METAINFO_BYTES_MAX } from "./limits.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

const LIMITS: BencodeLimits = {
  bytesMax: METAINFO_BYTES_MAX,
  depthMax: BENCODE_DEPTH_MAX,
  tokensMax: BENCODE_TOKENS_MAX,
};

/** Scans a .torrent file or an info dictionary; all that metainfo is read from comes by here. */
export function scanMetainfo(bytes: Uint8Array): BencodeTree | MetainfoViolation {
  const tree = scanBencode(bytes, LIMITS);
  if (!("kind" in tree)) return tree;
  if (tree.code !== "bencoding-too-long") return tree;
  return violation({ code: "metainfo-too-large", max: tree.max });
}
