/** What the session must know of its torrent. */
export type TorrentShape = {
  readonly pieceCount: number;
  readonly pieceLengthBytes: number;
  readonly sizeBytes: number;
};

/** The bytes of one piece; 0 when there is no such piece. */
export function pieceLengthIfAny(shape: TorrentShape, piece: number): number {
  if (piece >= shape.pieceCount) return 0;
  return Math.min(shape.pieceLengthBytes, shape.sizeBytes - piece * shape.pieceLengthBytes);
}
