import type { PieceToTake } from "./take-piece.ts";

export type HashWorkerStart = {
  /** The seals of all threads of the process are the same. */
  readonly sealKey: Uint8Array;
};

/** The memory of its chunks and frames is shared. */
export type ToHashWorker = { readonly id: number; readonly piece: PieceToTake };

/** As `takePiece()` gives it. */
export type FromHashWorker = { readonly id: number; readonly seal: Uint8Array | null };
