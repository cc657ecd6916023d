import { find, integerOf, isDictionary, rootOf, textOf } from "@seedfleet/bencode";
import type { Metainfo } from "./metainfo.ts";
import { parseHints } from "./parse-hints.ts";
import { parseInfo } from "./parse-info.ts";
import { parsePieceRoots } from "./parse-piece-layers.ts";
import { parseHttpSeeds, parseTrackers, parseWebSeeds } from "./parse-urls.ts";
import { scanMetainfo } from "./scan-metainfo.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

/**
 * Reads a .torrent file (BEP 3, 52). Never throws, whatever the bytes: what is not fit to be seeded
 * is a violation. Takes what libtorrent takes, with the same names, sizes and info hashes, except
 * where a rule of `scanMetainfo()` or a limit is stricter.
 */
export function parseMetainfo(bytes: Uint8Array): Metainfo | MetainfoViolation {
  const tree = scanMetainfo(bytes);
  if ("kind" in tree) return tree;
  const root = rootOf(tree);
  if (!isDictionary(root)) return violation({ code: "torrent-is-no-dict" });
  const dictionary = find(root, "info");
  if (!isDictionary(dictionary)) return violation({ code: "torrent-missing-info" });
  const info = parseInfo(dictionary);
  if ("kind" in info) return info;
  const pieceRoots =
    info.version === "v1" ? null : parsePieceRoots(find(root, "piece layers"), info);
  if (pieceRoots !== null && "kind" in pieceRoots) return pieceRoots;

  const creationDate = integerOf(find(root, "creation date"));
  return {
    kind: "metainfo",
    ...info,
    pieceRoots,
    trackers: parseTrackers(root),
    webSeeds: parseWebSeeds(root),
    httpSeeds: parseHttpSeeds(root),
    comment: textOf(find(root, "comment.utf-8")) ?? textOf(find(root, "comment")),
    createdBy: textOf(find(root, "created by.utf-8")) ?? textOf(find(root, "created by")),
    creationDateSeconds: creationDate !== null && creationDate >= 0 ? creationDate : null,
    ...parseHints(root, dictionary),
  };
}
