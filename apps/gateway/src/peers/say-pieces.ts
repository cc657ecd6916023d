import type { InfoHash } from "@seedfleet/bytes";
import { allowedFast, encodeMessage } from "@seedfleet/wire";
import type { Torrent } from "../torrents/torrent.ts";
import { AllowedFastSet } from "./allowed-fast-set.ts";
import {
  ALLOWED_FAST_BYTES_MAX,
  ALLOWED_FAST_PIECES_MAX,
  SUGGESTED_PIECES_MAX,
} from "./peer-limits.ts";
import type { ToldPieces } from "./told-pieces.ts";

const HAVE_ALL = encodeMessage({ kind: "have-all" });
const HAVE_NONE = encodeMessage({ kind: "have-none" });
const NOTHING = new Uint8Array(0);

/**
 * What we say behind the handshake that we have: nothing at first to a peer that is told of single
 * pieces (BEP 16), which without BEP 6 is said by no message at all.
 */
export function firstPieces(
  { have }: Pick<Torrent, "have">,
  told: ToldPieces,
  { fast }: { readonly fast: boolean },
): Uint8Array {
  if (!told.isAll) return fast ? HAVE_NONE : NOTHING;
  return fast && have.isFull ? HAVE_ALL : encodeMessage({ kind: "bitfield", bits: have.toBytes() });
}

export function haves(pieces: readonly number[]): Uint8Array {
  return Buffer.concat(pieces.map((piece) => encodeMessage({ kind: "have", piece })));
}

/** A few pieces for a peer that has to wait for a slot (BEP 6), of those that it wants. */
export function allowedPieces(
  { torrent, infoHash, host }: { torrent: Torrent; infoHash: InfoHash; host: string },
  wants: (piece: number) => boolean,
): AllowedFastSet {
  const { pieceCount, pieceLengthBytes } = torrent.metainfo;
  const count = Math.floor(ALLOWED_FAST_BYTES_MAX / pieceLengthBytes);
  const pieces = allowedFast({
    ...{ infoHash, host, pieceCount },
    count: Math.min(ALLOWED_FAST_PIECES_MAX, Math.max(1, count)),
  }).filter((piece) => torrent.have.has(piece) && wants(piece));
  return new AllowedFastSet(pieces, pieceLengthBytes);
}

/** Where not all of a torrent is in memory, what is costs nobody a read (BEP 6). */
export function suggestedPieces(
  { shelf, metainfo }: Torrent,
  wants: (piece: number) => boolean,
): readonly number[] {
  if (shelf.size === metainfo.pieceCount) return [];
  const pieces = shelf.latest.filter((piece) => shelf.pieces[piece] !== undefined && wants(piece));
  return [...new Set(pieces.slice(-SUGGESTED_PIECES_MAX))];
}
