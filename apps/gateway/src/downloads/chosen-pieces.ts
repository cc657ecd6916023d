import { posix } from "node:path";
import { Bitfield } from "@seedfleet/bitfield";
import type { FileRange, MirrorChoice } from "@seedfleet/contracts";
import type { Metainfo } from "@seedfleet/metainfo";

/** Which pieces of a torrent are wanted, and which of them before the others. */
export type ChosenPieces = {
  readonly wanted: Bitfield;
  readonly first: Bitfield;
};

/**
 * The pieces of the files that somebody chose. One that lies in several files is wanted if any of
 * them is: it can only be verified whole.
 */
export function chosenPieces(
  {
    files,
    pieceCount,
    pieceLengthBytes,
  }: Pick<Metainfo, "files" | "pieceCount" | "pieceLengthBytes">,
  { only, files: ranges = [], first }: Pick<MirrorChoice, "only" | "files" | "first">,
): ChosenPieces {
  const isAll = only.length === 0 && ranges.length === 0;
  const wanted = isAll ? Bitfield.full(pieceCount) : Bitfield.empty(pieceCount);
  const early = Bitfield.empty(pieceCount);
  for (const [at, { path, offsetBytes, lengthBytes, padding }] of files.entries()) {
    if (padding || lengthBytes === 0) continue;
    const chosen = [
      ...(isChosen(path, only) || isWithin(at, ranges) ? [wanted] : []),
      ...(isChosen(path, first) ? [early] : []),
    ];
    const last = Math.floor((offsetBytes + lengthBytes - 1) / pieceLengthBytes);
    for (let piece = Math.floor(offsetBytes / pieceLengthBytes); piece <= last; piece += 1) {
      for (const pieces of chosen) pieces.add(piece);
    }
  }
  return { wanted, first: early };
}

function isWithin(file: number, ranges: readonly FileRange[]): boolean {
  return ranges.some(([first, last]) => first <= file && file <= last);
}

/**
 * Whether a file, or a directory that it lies in, fits a pattern. `*` and `?` stand for what is
 * within a name, `**` also for directories; a pattern without a slash is of a name, wherever it is.
 */
export function isChosen(path: readonly string[], patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const wanted = pattern.replace(/^\.?\//, "").replace(/\/$/, "");
    const isName = !wanted.includes("/");
    return path.some((name, at) =>
      posix.matchesGlob(isName ? name : path.slice(0, at + 1).join("/"), wanted),
    );
  });
}
