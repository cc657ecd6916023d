import type { InfoHash } from "@seedfleet/bytes";
import type { PieceRead } from "@seedfleet/contracts";
import { SeedfleetError } from "@seedfleet/runtime";

/** What the piece-store refuses or fails to do, beside the errors of the content port. */
export type PieceStoreErrorDetail =
  | { readonly code: "path-outside-roots"; readonly path: string }
  /** A name or a size that no torrent can carry; `violation` is the code of libs/metainfo. */
  | { readonly code: "content-unsuitable"; readonly path: string; readonly violation: string }
  | { readonly code: "torrent-unknown"; readonly infoHash: InfoHash }
  | ({ readonly code: "piece-out-of-range" } & PieceRead)
  /** Nothing is wrong but the load: ask again. */
  | { readonly code: "store-busy"; readonly waitingMax: number }
  | { readonly code: "publish-stopped"; readonly path: string };

export type PieceStoreError = SeedfleetError<PieceStoreErrorDetail>;

export function pathOutsideRoots(path: string, roots: readonly string[]): PieceStoreError {
  const allowed =
    roots.length === 0
      ? "this piece-store has no roots; set SEEDFLEET_PIECE_STORE_ROOTS"
      : `it must be absolute and lie under ${roots.join(" or ")}`;
  return new SeedfleetError(`Cannot seed ${path}: ${allowed}`, {
    code: "path-outside-roots",
    path,
  });
}

/** `problem` says what is wrong and what to do. */
export function contentUnsuitable(
  path: string,
  violation: string,
  problem: string,
): PieceStoreError {
  return new SeedfleetError(`Cannot seed ${path}: ${problem}`, {
    code: "content-unsuitable",
    path,
    violation,
  });
}

export function torrentUnknown(infoHash: InfoHash): PieceStoreError {
  return new SeedfleetError(`Cannot read torrent ${infoHash}: this store does not hold it`, {
    code: "torrent-unknown",
    infoHash,
  });
}

export function pieceOutOfRange(read: PieceRead): PieceStoreError {
  const { infoHash, piece, begin, length } = read;
  return new SeedfleetError(
    `Cannot read piece ${piece} of ${infoHash}: it has no ${length} bytes at ${begin}`,
    { code: "piece-out-of-range", infoHash, piece, begin, length },
  );
}

export function storeBusy(waitingMax: number): PieceStoreError {
  return new SeedfleetError(`Cannot take more work: ${waitingMax} requests wait already`, {
    code: "store-busy",
    waitingMax,
  });
}

export function publishStopped(path: string): PieceStoreError {
  return new SeedfleetError(
    `Cannot publish ${path}: the piece-store is stopping; publish it again`,
    { code: "publish-stopped", path },
  );
}
