import { PIECES_MAX } from "./limits.ts";
import type { MetainfoFile } from "./metainfo.ts";
import { type MetainfoViolation, violation } from "./violation.ts";

/** A file that has no place yet. */
export type UnplacedFile = Omit<MetainfoFile, "offsetBytes">;

export type Placement = {
  readonly pieceLengthBytes: number;
  /** Whether zeros fill up the last piece of every file, as in v2. */
  readonly padded: boolean;
};

/** Lays files end to end, with padding or without. The sum is for `piecesViolation()` to judge. */
export function placeFiles(
  files: readonly UnplacedFile[],
  { pieceLengthBytes, padded }: Placement,
): readonly MetainfoFile[] {
  const placed: MetainfoFile[] = [];
  let offsetBytes = 0;
  for (const file of files) {
    placed.push({ ...file, offsetBytes });
    offsetBytes += file.lengthBytes;
    const beyondPieceBytes = offsetBytes % pieceLengthBytes;
    if (!padded || beyondPieceBytes === 0) continue;
    const padding = paddingFile(pieceLengthBytes - beyondPieceBytes);
    placed.push({ ...padding, offsetBytes });
    offsetBytes += padding.lengthBytes;
  }
  return placed;
}

/** Where the last file ends. */
export function sizeOf(files: readonly MetainfoFile[]): number {
  const last = files.at(-1);
  return last === undefined ? 0 : last.offsetBytes + last.lengthBytes;
}

/** Where the files need more pieces than a torrent may have, or have no bytes at all. */
export function piecesViolation(
  sizeBytes: number,
  pieceLengthBytes: number,
): MetainfoViolation | null {
  if (sizeBytes === 0) return violation({ code: "torrent-invalid-length", file: null });
  if (sizeBytes <= PIECES_MAX * pieceLengthBytes) return null;
  return violation({ code: "too-many-pieces-in-torrent", max: PIECES_MAX });
}

/** Named as BEP 47 recommends, so that those who store it after all store it in one place. */
export function paddingFile(lengthBytes: number): UnplacedFile {
  return {
    path: [".pad", `${lengthBytes}`],
    lengthBytes,
    padding: true,
    executable: false,
    hidden: false,
    symlink: null,
    piecesRoot: null,
  };
}
