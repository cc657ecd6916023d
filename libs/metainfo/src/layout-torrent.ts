import { inTreeOrder } from "./byte-order.ts";
import type { Metainfo, TorrentVersion } from "./metainfo.ts";
import { placeFiles, sizeOf, type UnplacedFile } from "./place-files.ts";

/** A file to make a torrent of. */
export type DraftFile = Pick<UnplacedFile, "path" | "lengthBytes"> &
  Partial<Omit<UnplacedFile, "path" | "lengthBytes" | "piecesRoot">>;

/** Where each file of a torrent to be made lies. No file has a pieces root yet. */
export type TorrentLayout = Pick<Metainfo, "files" | "sizeBytes" | "pieceCount">;

/**
 * Where the files of a new torrent go: what is hashed, and what `makeMetainfo()` writes.
 *
 * In v1 they follow each other as they are given. In v2 and hybrid torrents they are in the order
 * of v2's file tree, and zeros fill up the last piece of each, as libtorrent 2 does it: of the last
 * file too, but not where a hybrid torrent has one file alone. Padding that is given for these is
 * left out, so that a layout is laid out as it was.
 */
export function layoutTorrent({
  version,
  pieceLengthBytes,
  files,
}: {
  readonly version: TorrentVersion;
  readonly pieceLengthBytes: number;
  readonly files: readonly DraftFile[];
}): TorrentLayout {
  const unplaced = files.filter((file) => version === "v1" || !file.padding).map(unplacedFile);
  if (version !== "v1") unplaced.sort((a, b) => inTreeOrder(a.path, b.path));
  const padded = version === "v2" || (version === "hybrid" && unplaced.length > 1);
  const placed = placeFiles(unplaced, { pieceLengthBytes, padded });
  const sizeBytes = sizeOf(placed);
  return { files: placed, sizeBytes, pieceCount: Math.ceil(sizeBytes / pieceLengthBytes) };
}

function unplacedFile(file: DraftFile): UnplacedFile {
  const { path, lengthBytes, padding = false, executable = false, hidden = false } = file;
  const { symlink = null } = file;
  return { path, lengthBytes, padding, executable, hidden, symlink, piecesRoot: null };
}
