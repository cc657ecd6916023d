import type { PieceRead } from "@seedfleet/contracts";
import type { TorrentContext } from "./load-torrent.ts";

/** Over a network: two of them fill NATS's usual limit of 1 MiB with room for the headers. */
export const CHUNK_BYTES: number = 512 * 1024;

/** By reference: the longest piece we make, so that one piece is one chunk and one allocation. */
export const CHUNK_BYTES_MAX: number = 16 * 1024 * 1024;

export type ChunkRead = Omit<PieceRead, "verify">;

export function keyOf({ infoHash, piece, begin, length }: ChunkRead): string {
  return `${infoHash} ${piece} ${begin} ${length}`;
}

/** A bus that takes so much passes payloads by reference; any other copies and splits them. */
export function chunkBytesFor(payloadBytesMax: number): number {
  if (payloadBytesMax >= CHUNK_BYTES_MAX) return CHUNK_BYTES_MAX;
  return Math.min(CHUNK_BYTES, payloadBytesMax);
}

export function lengthOf(
  { pieceLengthBytes, sizeBytes }: Pick<TorrentContext, "pieceLengthBytes" | "sizeBytes">,
  piece: number,
): number {
  return Math.min(pieceLengthBytes, sizeBytes - piece * pieceLengthBytes);
}
