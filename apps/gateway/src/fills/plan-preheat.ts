import { type Metainfo, pieceLengthAt } from "@seedfleet/metainfo";
import { framedLength } from "../blocks/framed-piece.ts";

export type PreheatPlan = {
  readonly first: number;
  /** The pieces from `first` on that the cache has room for. */
  readonly pieceCount: number;
  readonly bytes: number;
  /** The others that were asked for. */
  readonly leftOutPieces: number;
};

/**
 * Which pieces of a torrent to bring into a cache of this size: from the first one asked for on, as
 * many as fit together, since more would push out what was just brought. Null where the torrent has
 * no such pieces.
 */
export function planPreheat(
  metainfo: Metainfo,
  asked: { readonly first: number; readonly last: number } | null,
  cacheBytesMax: number,
): PreheatPlan | null {
  const { first, last } = asked ?? { first: 0, last: metainfo.pieceCount - 1 };
  if (first > last || last >= metainfo.pieceCount) return null;
  let heldBytes = 0;
  let bytes = 0;
  let piece = first;
  for (; piece <= last; piece += 1) {
    const lengthBytes = pieceLengthAt(metainfo, piece);
    heldBytes += framedLength(lengthBytes);
    if (heldBytes > cacheBytesMax) break;
    bytes += lengthBytes;
  }
  return { first, pieceCount: piece - first, bytes, leftOutPieces: last + 1 - piece };
}
