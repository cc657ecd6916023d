import assert from "node:assert/strict";
import { hash } from "node:crypto";
import {
  type Bencoded,
  bytesOf,
  find,
  integerOf,
  isDictionary,
  isList,
  rawOf,
  startOf,
  textOf,
  unorderedKey,
} from "@seedfleet/bencode";
import {
  type InfoHash,
  type InfoHashV2,
  infoHashFromBytes,
  parseInfoHashV2,
  truncatedInfoHash,
} from "@seedfleet/bytes";
import { PIECE_LENGTH_BYTES_MAX } from "./limits.ts";
import { BLOCK_BYTES, isPowerOfTwo } from "./merkle-tree.ts";
import { type Metainfo, PIECE_HASH_BYTES, type TorrentVersion } from "./metainfo.ts";
import { parseContent } from "./parse-content.ts";
import { piecesViolation, sizeOf } from "./place-files.ts";
import { invalidBencoding, type MetainfoViolation, violation } from "./violation.ts";

/** The highest `meta version` there is (BEP 52). */
const META_VERSION_MAX = 2;

/** What the info dictionary says: all that the info hashes vouch for. */
export type Info = Pick<
  Metainfo,
  | "version"
  | "infoHash"
  | "infoHashV2"
  | "name"
  | "single"
  | "private"
  | "source"
  | "sizeBytes"
  | "pieceLengthBytes"
  | "pieceCount"
  | "pieceHashes"
  | "files"
  | "infoBytes"
>;

/** Reads an info dictionary (BEP 3, 52); the two sides of a hybrid are held against each other. */
export function parseInfo(info: Bencoded): Info | MetainfoViolation {
  const version = parseVersion(info);
  if (typeof version === "object") return version;
  const pieceLengthBytes = integerOf(find(info, "piece length"));
  if (!isPieceLength(pieceLengthBytes, version)) {
    return violation({ code: "torrent-missing-piece-length", pieceLengthBytes });
  }

  const raw = rawOf(info);
  const infoBytes = Uint8Array.from(raw);
  const own = (view: Uint8Array): Uint8Array => {
    const start = view.byteOffset - raw.byteOffset;
    return infoBytes.subarray(start, start + view.length);
  };
  const hashes = infoHashes(infoBytes, version);
  const { infoHash } = hashes;
  const content = parseContent(info, { version, infoHash, pieceLengthBytes, own });
  if ("kind" in content) return content;

  const sizeBytes = sizeOf(content.files);
  const pieceCount = Math.ceil(sizeBytes / pieceLengthBytes);
  const pieceHashes = version === "v2" ? null : parsePieceHashes(info, pieceCount);
  if (pieceHashes !== null && "kind" in pieceHashes) return pieceHashes;
  const refused = piecesViolation(sizeBytes, pieceLengthBytes);
  if (refused !== null) return refused;

  return {
    version,
    ...hashes,
    ...content,
    private: (integerOf(find(info, "private")) ?? 0) !== 0,
    source: textOf(find(info, "source")),
    sizeBytes,
    pieceLengthBytes,
    pieceCount,
    pieceHashes: pieceHashes === null ? null : own(pieceHashes),
    infoBytes,
  };
}

/**
 * A torrent that claims a version must be without fault in its bencoding (BEP 52), so such faults
 * come first.
 */
function parseVersion(info: Bencoded): TorrentVersion | MetainfoViolation {
  const version = integerOf(find(info, "meta version")) ?? 0;
  const hasTree = isDictionary(find(info, "file tree"));
  if (version > 0) {
    const unordered = unorderedKey(info);
    if (unordered !== null) return invalidBencoding("keys-unordered", startOf(unordered));
    if (version > META_VERSION_MAX) return violation({ code: "torrent-unknown-version", version });
  }
  if (version < META_VERSION_MAX) {
    return hasTree ? violation({ code: "torrent-missing-meta-version" }) : "v1";
  }
  if (!hasTree) return violation({ code: "torrent-missing-file-tree" });
  const hasV1 = isList(find(info, "files")) || find(info, "length") !== null;
  return hasV1 ? "hybrid" : "v2";
}

/** BEP 52 has a tree above each piece, so there the length is a power of two. */
function isPieceLength(value: number | null, version: TorrentVersion): value is number {
  if (value === null || value <= 0 || value > PIECE_LENGTH_BYTES_MAX) return false;
  return version === "v1" || (value >= BLOCK_BYTES && isPowerOfTwo(value));
}

function infoHashes(
  infoBytes: Uint8Array,
  version: TorrentVersion,
): { readonly infoHash: InfoHash; readonly infoHashV2: InfoHashV2 | null } {
  const infoHashV2 = version === "v1" ? null : parseInfoHashV2(hash("sha256", infoBytes));
  if (version !== "v2") {
    return { infoHash: infoHashFromBytes(hash("sha1", infoBytes, "buffer")), infoHashV2 };
  }
  assert(infoHashV2 !== null);
  return { infoHash: truncatedInfoHash(infoHashV2), infoHashV2 };
}

function parsePieceHashes(info: Bencoded, pieceCount: number): Uint8Array | MetainfoViolation {
  const hashes = bytesOf(find(info, "pieces"));
  if (hashes === null) return violation({ code: "torrent-missing-pieces" });
  const hashBytesExpected = pieceCount * PIECE_HASH_BYTES;
  const hashBytes = hashes.length;
  if (hashBytes === hashBytesExpected) return hashes;
  return violation({ code: "torrent-invalid-hashes", hashBytes, hashBytesExpected });
}
