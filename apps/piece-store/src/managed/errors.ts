import type { PieceOffer } from "@seedfleet/contracts";
import { errorMessage, SeedfleetError } from "@seedfleet/runtime";

/** What goes wrong with a piece between whoever offers it and the disk. */
export type ManagedErrorDetail = {
  readonly code: "offer-failed";
  readonly process: string;
} & PieceOffer;

export type ManagedError = SeedfleetError<ManagedErrorDetail>;

/** Whoever offered the piece does not give it, or not in time. */
export function offerFailed(offer: PieceOffer, process: string, cause: unknown): ManagedError {
  const { infoHash, piece } = offer;
  return new SeedfleetError(
    `Cannot fetch piece ${piece} of ${infoHash} from ${process}: ${errorMessage(cause)}`,
    { code: "offer-failed", process, infoHash, piece },
    cause,
  );
}
