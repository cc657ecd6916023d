import type { InfoHash } from "@seedfleet/bytes";
import { allowedFast } from "@seedfleet/wire";
import type { Torrent } from "../torrents/torrent.ts";
import { AllowedFastSet } from "./allowed-fast-set.ts";
import { ALLOWED_FAST_BYTES_MAX, ALLOWED_FAST_PIECES_MAX } from "./peer-limits.ts";

export type FastPeer = {
  readonly torrent: Torrent;
  readonly infoHash: InfoHash;
  readonly host: string;
};

/** The pieces a choked peer may ask for (BEP 6): those of its set that we have and it lacks. */
export function allowedFastFor(
  { torrent, infoHash, host }: FastPeer,
  peerHas: (piece: number) => boolean,
): AllowedFastSet {
  const { pieceCount, pieceLengthBytes } = torrent.metainfo;
  const count = Math.floor(ALLOWED_FAST_BYTES_MAX / pieceLengthBytes);
  const pieces = allowedFast({
    ...{ infoHash, host, pieceCount },
    count: Math.min(ALLOWED_FAST_PIECES_MAX, Math.max(1, count)),
  }).filter((piece) => torrent.have.has(piece) && !peerHas(piece));
  return new AllowedFastSet(pieces, pieceLengthBytes);
}
