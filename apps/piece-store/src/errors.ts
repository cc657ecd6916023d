import type { InfoHash } from "@seedfleet/bytes";
import type { PieceRead } from "@seedfleet/contracts";
import { SeedfleetError } from "@seedfleet/runtime";

/** What the piece-store refuses or fails to do, beside the errors of the content port. */
export type PieceStoreErrorDetail =
  | { readonly code: "path-outside-roots"; readonly path: string }
  /** What lies there is not what the torrent says. */
  | { readonly code: "content-mismatch"; readonly path: string }
  /** A name or a size that no torrent can carry; `violation` is the code of libs/metainfo. */
  | { readonly code: "content-unsuitable"; readonly path: string; readonly violation: string }
  | { readonly code: "torrent-unknown"; readonly infoHash: InfoHash }
  | ({ readonly code: "piece-out-of-range" } & Omit<PieceRead, "verify">)
  | { readonly code: "piece-corrupt" | "piece-absent"; readonly infoHash: InfoHash; piece: number }
  | { readonly code: "metainfo-unusable"; readonly infoHash: InfoHash; readonly reason: string }
  | { readonly code: "managed-content-off" }
  | { readonly code: "torrent-mirrored"; readonly infoHash: InfoHash }
  /** Nothing is wrong but the load: ask again. */
  | { readonly code: "store-busy"; readonly waitingMax: number };

export type PieceStoreError = SeedfleetError<PieceStoreErrorDetail>;

export function locationNotAllowed(
  location: string,
  { roots, origins }: { readonly roots: readonly string[]; readonly origins: readonly string[] },
): PieceStoreError {
  const remote = location.includes("://");
  const allowed = remote ? origins : roots;
  const setting = remote ? "SEEDFLEET_PIECE_STORE_ORIGINS" : "SEEDFLEET_PIECE_STORE_ROOTS";
  const reason =
    allowed.length === 0
      ? `this piece-store may read nothing of the kind; set ${setting}`
      : `it must ${remote ? "" : "be absolute and "}lie under ${allowed.join(" or ")}`;
  return new SeedfleetError(`Cannot seed ${location}: ${reason}`, {
    code: "path-outside-roots",
    path: location,
  });
}

/** `problem` says which file differs, and how. */
export function contentMismatch(path: string, problem: string): PieceStoreError {
  return new SeedfleetError(`Cannot seed ${path} by this torrent: ${problem}`, {
    code: "content-mismatch",
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

export function pieceOutOfRange(read: Omit<PieceRead, "verify">): PieceStoreError {
  const { infoHash, piece, begin, length } = read;
  return new SeedfleetError(
    `Cannot read piece ${piece} of ${infoHash}: it has no ${length} bytes at ${begin}`,
    { code: "piece-out-of-range", infoHash, piece, begin, length },
  );
}

export function pieceCorrupt(infoHash: InfoHash, piece: number): PieceStoreError {
  return new SeedfleetError(
    `Cannot read piece ${piece} of ${infoHash}: no source has its right bytes`,
    { code: "piece-corrupt", infoHash, piece },
  );
}

export function pieceAbsent(infoHash: InfoHash, piece: number): PieceStoreError {
  return new SeedfleetError(`Cannot read piece ${piece} of ${infoHash}: it is not here yet`, {
    code: "piece-absent",
    infoHash,
    piece,
  });
}

export function metainfoUnusable(infoHash: InfoHash, reason: string): PieceStoreError {
  return new SeedfleetError(`Cannot use the metainfo of ${infoHash}: ${reason}`, {
    code: "metainfo-unusable",
    infoHash,
    reason,
  });
}

export function managedContentOff(): PieceStoreError {
  return new SeedfleetError(
    "Cannot keep content of the fleet's own: set SEEDFLEET_PIECE_STORE_MANAGED_ROOT",
    { code: "managed-content-off" },
  );
}

export function torrentMirrored(infoHash: InfoHash): PieceStoreError {
  return new SeedfleetError(
    `Cannot remove torrent ${infoHash}: it is being downloaded; cancel that first`,
    { code: "torrent-mirrored", infoHash },
  );
}

export function storeBusy(waitingMax: number): PieceStoreError {
  return new SeedfleetError(`Cannot take more work: ${waitingMax} requests wait already`, {
    code: "store-busy",
    waitingMax,
  });
}
