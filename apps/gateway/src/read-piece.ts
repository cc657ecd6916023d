import type { Bus } from "@seedfleet/bus";
import { readPieceCall } from "@seedfleet/contracts";
import { pieceLengthAt } from "@seedfleet/metainfo";
import type { Torrent } from "./torrent.ts";

/** Reads a piece from its holder over the bus. One chunk is passed on as it came, not copied. */
export async function readPiece(bus: Bus, torrent: Torrent, piece: number): Promise<Uint8Array> {
  const length = pieceLengthAt(torrent.metainfo, piece);
  const request = { infoHash: torrent.infoHash, piece, begin: 0, length };
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of bus.stream(readPieceCall, { holder: torrent.holder }, request)) {
    chunks.push(chunk);
    received += chunk.length;
    // A store that sends too much is wrong; the hash check says so without holding it all.
    if (received > length) break;
  }
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}
