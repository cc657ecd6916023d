import { encodeMessage } from "@seedfleet/wire";
import type { Torrent } from "../torrents/torrent.ts";
import { SUGGESTED_PIECES_MAX } from "./peer-limits.ts";
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
  return encoded(pieces.map((piece) => ({ kind: "have", piece })));
}

/** Where not all of a torrent is in memory, what is costs nobody a read (BEP 6). */
export function suggestions(
  { shelf, metainfo }: Torrent,
  wants: (piece: number) => boolean,
): Uint8Array {
  if (shelf.size === metainfo.pieceCount) return NOTHING;
  const pieces = shelf.latest.filter((piece) => shelf.pieces[piece] !== undefined && wants(piece));
  const latest = new Set(pieces.slice(-SUGGESTED_PIECES_MAX));
  return encoded([...latest].map((piece) => ({ kind: "suggest-piece", piece })));
}

function encoded(messages: readonly Parameters<typeof encodeMessage>[0][]): Uint8Array {
  return Buffer.concat(messages.map(encodeMessage));
}
