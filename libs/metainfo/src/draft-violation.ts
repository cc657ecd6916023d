import { distinctPaths } from "./distinct-paths.ts";
import { draftSizeViolation } from "./draft-size.ts";
import { type DraftFile, layoutTorrent, type TorrentLayout } from "./layout-torrent.ts";
import {
  FILE_LENGTH_BYTES_MAX,
  FILE_TREE_DEPTH_MAX,
  FILES_MAX,
  PATH_BYTES_MAX,
  PATH_DEPTH_MAX,
  PIECE_LENGTH_BYTES_MAX,
  TRACKERS_MAX,
} from "./limits.ts";
import { BLOCK_BYTES, BLOCK_HASH_BYTES, isPowerOfTwo } from "./merkle-tree.ts";
import { PIECE_HASH_BYTES, type TorrentVersion } from "./metainfo.ts";
import type { MetainfoDraft } from "./metainfo-draft.ts";
import { isUrl } from "./parse-urls.ts";
import { isPathElement, marksPadding } from "./path-element.ts";
import { piecesViolation } from "./place-files.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

/**
 * What stands against making a torrent of the draft; null for nothing. A name that would not come
 * out of the torrent as it went in is among it: whoever loads the torrent would look for another.
 */
export function draftViolation(draft: MetainfoDraft): MetainfoViolation | null {
  const { version = "v1", name, files, pieceLengthBytes } = draft;
  if (!isPathElement(name)) return violation({ code: "torrent-missing-name" });
  if (files.length === 0) return violation({ code: "no-files-in-torrent" });
  if (!isPieceLength(pieceLengthBytes, version)) {
    return violation({ code: "torrent-missing-piece-length", pieceLengthBytes });
  }
  const refused = singleViolation(draft, version) ?? filesViolation(files, version);
  if (refused !== null) return refused;

  const layout = layoutTorrent({ version, pieceLengthBytes, files });
  return (
    countViolation(layout, version) ??
    piecesViolation(layout.sizeBytes, pieceLengthBytes) ??
    hashesViolation(draft, version, layout) ??
    urlsViolation(draft) ??
    draftSizeViolation(draft, layout)
  );
}

function isPieceLength(value: number, version: TorrentVersion): boolean {
  if (!isLength(value, PIECE_LENGTH_BYTES_MAX) || value === 0) return false;
  return version === "v1" || (value >= BLOCK_BYTES && isPowerOfTwo(value));
}

/**
 * A file tree does not say whether its one file lies in a directory, and all readers take it for a
 * single file; so v2 alone has no directory of one file.
 */
function singleViolation(
  { name, single, files }: MetainfoDraft,
  version: TorrentVersion,
): MetainfoViolation | null {
  const [first, second] = files.filter(({ padding }) => version === "v1" || !padding);
  const isAlone = second === undefined && first?.path.length === 1;
  if (single && (!isAlone || first.path[0] !== name || first.padding || first.symlink)) {
    return violation({ code: "torrent-invalid-name", file: 0 });
  }
  if (single || version !== "v2" || !isAlone) return null;
  return violation({ code: "torrent-inconsistent-files" });
}

/** Padding is listed in v1; in v2 it takes up room but no entry. */
function countViolation(
  { files }: TorrentLayout,
  version: TorrentVersion,
): MetainfoViolation | null {
  const listed = version === "v2" ? files.filter(({ padding }) => !padding) : files;
  if (listed.length === 0) return violation({ code: "no-files-in-torrent" });
  if (listed.length <= FILES_MAX) return null;
  return violation({ code: "too-many-files", max: FILES_MAX });
}

function filesViolation(
  files: readonly DraftFile[],
  version: TorrentVersion,
): MetainfoViolation | null {
  for (const [file, draftFile] of files.entries()) {
    const refused = fileViolation(draftFile, { file, version });
    if (refused !== null) return refused;
  }
  const paths = files.map(({ path, padding }) => (padding ? null : path));
  const distinct = distinctPaths(paths);
  if ("kind" in distinct) return distinct;
  const renamed = distinct.findIndex((path, file) => path !== paths[file]);
  return renamed < 0 ? null : violation({ code: "torrent-invalid-name", file: renamed });
}

function fileViolation(
  { path, lengthBytes, padding = false, symlink = null }: DraftFile,
  { file, version }: { readonly file: number; readonly version: TorrentVersion },
): MetainfoViolation | null {
  const lengthBytesMax = symlink === null ? FILE_LENGTH_BYTES_MAX : 0;
  if (!isLength(lengthBytes, lengthBytesMax)) {
    return violation({ code: "torrent-invalid-length", file });
  }
  if (padding && symlink !== null) return violation({ code: "torrent-invalid-pad-file", file });
  const readAsPadding = version !== "v2" && !padding && symlink === null && path.some(marksPadding);
  const depthMax = version === "v1" ? PATH_DEPTH_MAX : FILE_TREE_DEPTH_MAX;
  for (const each of symlink === null ? [path] : [path, symlink]) {
    if (each.length === 0 || !each.every(isPathElement) || readAsPadding) {
      return violation({ code: "torrent-invalid-name", file });
    }
    const pathBytes = each.reduce((sum, element) => sum + Buffer.byteLength(element) + 1, 0);
    if (each.length > depthMax || pathBytes > PATH_BYTES_MAX) {
      return violation({ code: "path-too-long", file });
    }
  }
  return null;
}

function hashesViolation(
  { pieceHashes = null, pieceRoots = null }: MetainfoDraft,
  version: TorrentVersion,
  { pieceCount }: TorrentLayout,
): MetainfoViolation | null {
  const sides = [
    {
      hashes: pieceHashes,
      hashBytesExpected: version === "v2" ? 0 : pieceCount * PIECE_HASH_BYTES,
    },
    { hashes: pieceRoots, hashBytesExpected: version === "v1" ? 0 : pieceCount * BLOCK_HASH_BYTES },
  ];
  for (const { hashes, hashBytesExpected } of sides) {
    const hashBytes = hashes?.length ?? 0;
    if (hashBytes === hashBytesExpected) continue;
    return violation({ code: "torrent-invalid-hashes", hashBytes, hashBytesExpected });
  }
  return null;
}

function urlsViolation(draft: MetainfoDraft): MetainfoViolation | null {
  const { trackers = [], webSeeds = [], httpSeeds = [] } = draft;
  if (trackers.flat().length > TRACKERS_MAX) {
    return violation({ code: "too-many-trackers", max: TRACKERS_MAX });
  }
  const valid = [...trackers.flat(), ...webSeeds, ...httpSeeds].every(isUrl);
  return valid ? null : violation({ code: "url-invalid" });
}

function isLength(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}
