import type { PieceProof } from "@seedfleet/metainfo";
import { PieceFramer, unframed } from "../blocks/framed-piece.ts";
import type { PieceSeals, PlacedPiece } from "./piece-seals.ts";
import { lengthOf, partsOf, takeVerified } from "./take-verified.ts";

/** A piece that came, and where it goes; all of it may be handed to another thread. */
export type PieceToTake = {
  readonly place: PlacedPiece;
  readonly proof: PieceProof;
  /** In order, as they came; null where the bytes lie in their frames already. */
  readonly chunks: readonly Uint8Array[] | null;
  /** `framedLength` of the piece; nobody reads it before the piece is taken. */
  readonly framed: Uint8Array;
  /** The seal of the bytes that were right before, or null. */
  readonly kept: Uint8Array | null;
};

/** Has a piece taken, by whichever thread. */
export type TakePiece = (piece: PieceToTake) => Uint8Array | null | Promise<Uint8Array | null>;

/**
 * Makes a framed piece of what came. Gives its seal, that of the piece as it goes over the wire, if
 * it is known again by that or its hash is right; else null: then the frames must not be used.
 */
export function takePiece(seals: PieceSeals, piece: PieceToTake): Uint8Array | null {
  const { place, proof, chunks, framed, kept } = piece;
  const framer = new PieceFramer(framed, { piece: place.index, pieceBytes: proof.lengthBytes });
  const came = chunks ?? unframed(framed, 0, proof.lengthBytes);
  if (kept !== null && lengthOf(came) === proof.lengthBytes) {
    const sealing = seals.begin(place);
    if (chunks === null) sealing.push(framed);
    else {
      for (const { part, at } of partsOf(chunks)) {
        framer.write(part, at);
        sealing.push(framer.wire(at, part.length));
      }
    }
    if (Buffer.compare(sealing.seal(), kept) === 0) return kept;
  }
  const sealing = seals.begin(place);
  const isRight = takeVerified({ proof, chunks: came }, (part, at) => {
    if (chunks !== null) framer.write(part, at);
    sealing.push(framer.wire(at, part.length));
  });
  return isRight ? sealing.seal() : null;
}
