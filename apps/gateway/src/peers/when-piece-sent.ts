import { pieceLengthIfAny, type TorrentShape } from "./session-shape.ts";

/**
 * Adds up the blocks that a peer is sent, and tells of each piece whose bytes are complete. Clients
 * do not say that they have a piece to whom they know to have it (BEP 3 leaves it to them), so that
 * a peer got what it was told of has to be seen by whoever sent it.
 */
export function whenPieceSent(
  shape: TorrentShape,
  tell: (piece: number) => void,
): (piece: number, lengthBytes: number) => void {
  /** Of pieces that are begun. */
  const sentBytes = new Map<number, number>();
  return (piece, lengthBytes) => {
    const bytes = (sentBytes.get(piece) ?? 0) + lengthBytes;
    if (bytes < pieceLengthIfAny(shape, piece)) sentBytes.set(piece, bytes);
    else {
      sentBytes.delete(piece);
      tell(piece);
    }
  };
}
