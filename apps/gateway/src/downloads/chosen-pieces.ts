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
  const named = namedFiles(ranges, files.length);
  const wanted = isAll ? Bitfield.full(pieceCount) : Bitfield.empty(pieceCount);
  const early = Bitfield.empty(pieceCount);
  for (const [at, { path, offsetBytes, lengthBytes, padding }] of files.entries()) {
    if (padding || lengthBytes === 0) continue;
    const chosen = [
      ...(named[at] || isChosen(path, only) ? [wanted] : []),
      ...(isChosen(path, first) ? [early] : []),
    ];
    const last = Math.floor((offsetBytes + lengthBytes - 1) / pieceLengthBytes);
    for (let piece = Math.floor(offsetBytes / pieceLengthBytes); piece <= last; piece += 1) {
      for (const pieces of chosen) pieces.add(piece);
    }
  }
  return { wanted, first: early };
}

/** Whether each file is in some range: a magnet may name a thousand of a million files each. */
function namedFiles(ranges: readonly FileRange[], fileCount: number): readonly boolean[] {
  const begun = new Int32Array(fileCount + 1);
  for (const [first, last] of ranges) {
    if (first > last || first >= fileCount) continue;
    begun[first] = (begun[first] ?? 0) + 1;
    const end = Math.min(last + 1, fileCount);
    begun[end] = (begun[end] ?? 0) - 1;
  }
  let open = 0;
  return Array.from({ length: fileCount }, (_, file) => {
    open += begun[file] ?? 0;
    return open > 0;
  });
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
