import { createHash } from "node:crypto";
import { type InfoHash, infoHashFromBytes } from "@seedfleet/bytes";
import {
  type Bencoded,
  bytesOf,
  find,
  integerOf,
  isDictionary,
  isList,
  rawOf,
  rootOf,
  startOf,
  textOf,
  unorderedKey,
} from "./bencoded.ts";
import { PIECE_LENGTH_BYTES_MAX } from "./limits.ts";
import { type Metainfo, type MetainfoFile, PIECE_HASH_BYTES } from "./metainfo.ts";
import { parseFiles, parseSingleFile } from "./parse-files.ts";
import { parseTrackers, parseWebSeeds } from "./parse-urls.ts";
import { pathElement } from "./path-element.ts";
import { scanBencode } from "./scan-bencode.ts";
import { invalidBencoding, type MetainfoViolation, violation } from "./violation.ts";

/** The highest `meta version` there is (BEP 52). */
const META_VERSION_MAX = 2;

type Info = Pick<
  Metainfo,
  | "infoHash"
  | "name"
  | "single"
  | "private"
  | "sizeBytes"
  | "pieceLengthBytes"
  | "pieceCount"
  | "pieceHashes"
  | "files"
  | "infoBytes"
>;

/**
 * Reads a .torrent file (BEP 3). Never throws, whatever the bytes: what is not fit to be seeded is
 * a violation. Takes what libtorrent takes, with the same names, sizes and info hash, except where
 * a rule of `scanBencode()` or a limit is stricter.
 */
export function parseMetainfo(bytes: Uint8Array): Metainfo | MetainfoViolation {
  const tree = scanBencode(bytes);
  if ("kind" in tree) return tree;
  const root = rootOf(tree);
  if (!isDictionary(root)) return violation({ code: "torrent-is-no-dict" });
  const dictionary = find(root, "info");
  if (!isDictionary(dictionary)) return violation({ code: "torrent-missing-info" });
  const info = parseInfo(dictionary);
  if ("kind" in info) return info;

  const creationDate = integerOf(find(root, "creation date"));
  return {
    kind: "metainfo",
    version: "v1",
    ...info,
    trackers: parseTrackers(root),
    webSeeds: parseWebSeeds(root),
    comment: textOf(find(root, "comment.utf-8")) ?? textOf(find(root, "comment")),
    createdBy: textOf(find(root, "created by.utf-8")) ?? textOf(find(root, "created by")),
    creationDateSeconds: creationDate !== null && creationDate >= 0 ? creationDate : null,
  };
}

function parseInfo(info: Bencoded): Info | MetainfoViolation {
  const refused = versionViolation(info);
  if (refused !== null) return refused;

  const pieceLengthBytes = integerOf(find(info, "piece length"));
  if (
    pieceLengthBytes === null ||
    pieceLengthBytes <= 0 ||
    pieceLengthBytes > PIECE_LENGTH_BYTES_MAX
  ) {
    return violation({ code: "torrent-missing-piece-length", pieceLengthBytes });
  }

  const infoBytes = Uint8Array.from(rawOf(info));
  const infoHash = infoHashFromBytes(createHash("sha1").update(infoBytes).digest());
  const content = parseContent(info, infoHash, pieceLengthBytes);
  if ("kind" in content) return content;

  const last = content.files.at(-1);
  const sizeBytes = last === undefined ? 0 : last.offsetBytes + last.lengthBytes;
  const pieceCount = Math.ceil(sizeBytes / pieceLengthBytes);
  const hashes = parsePieceHashes(info, pieceCount);
  if ("kind" in hashes) return hashes;
  if (sizeBytes === 0) return violation({ code: "torrent-invalid-length", file: null });

  return {
    infoHash,
    ...content,
    private: (integerOf(find(info, "private")) ?? 0) !== 0,
    sizeBytes,
    pieceLengthBytes,
    pieceCount,
    pieceHashes: infoBytes.subarray(hashes.start, hashes.end),
    infoBytes,
  };
}

/**
 * Null where the v1 side may be read. A torrent that claims a version must be without fault in its
 * bencoding (BEP 52), so such faults come first.
 */
function versionViolation(info: Bencoded): MetainfoViolation | null {
  const version = integerOf(find(info, "meta version"));
  if (version !== null && version > 0) {
    const unordered = unorderedKey(info);
    if (unordered !== null) return invalidBencoding("keys-unordered", startOf(unordered));
    if (version > META_VERSION_MAX) return violation({ code: "torrent-unknown-version", version });
    const hasV1 = isList(find(info, "files")) || find(info, "length") !== null;
    if (version === META_VERSION_MAX && !hasV1) {
      return violation({ code: "metainfo-version-unsupported", version });
    }
  }
  const claimsV2 = version !== null && version >= META_VERSION_MAX;
  if (isDictionary(find(info, "file tree")) && !claimsV2) {
    return violation({ code: "torrent-missing-meta-version" });
  }
  return null;
}

/** A directory left without a name takes the info hash for one; a file is refused. */
function parseContent(
  info: Bencoded,
  infoHash: InfoHash,
  pieceLengthBytes: number,
): Pick<Metainfo, "name" | "single" | "files"> | MetainfoViolation {
  const bytes = bytesOf(find(info, "name.utf-8")) ?? bytesOf(find(info, "name"));
  if (bytes === null) return violation({ code: "torrent-missing-name" });
  const name = pathElement(bytes);
  const list = find(info, "files");
  const single = !isList(list);
  const files: readonly MetainfoFile[] | MetainfoViolation = single
    ? parseSingleFile(info, bytes.length === 0 ? null : name, pieceLengthBytes)
    : parseFiles(list, pieceLengthBytes);
  if ("kind" in files) return files;
  return { name: name ?? infoHash, single, files };
}

/** Where within the info dictionary the hashes stand. */
function parsePieceHashes(
  info: Bencoded,
  pieceCount: number,
): { readonly start: number; readonly end: number } | MetainfoViolation {
  const hashes = bytesOf(find(info, "pieces"));
  if (hashes === null) return violation({ code: "torrent-missing-pieces" });
  const hashBytesExpected = pieceCount * PIECE_HASH_BYTES;
  if (hashes.length !== hashBytesExpected) {
    const hashBytes = hashes.length;
    return violation({ code: "torrent-invalid-hashes", hashBytes, hashBytesExpected });
  }
  const start = hashes.byteOffset - rawOf(info).byteOffset;
  return { start, end: start + hashes.length };
}
