import type { Bus } from "@seedfleet/bus";
import { readPieceCall } from "@seedfleet/contracts";
import type { PresenceWatch } from "@seedfleet/fleet";
import { pieceLengthAt } from "@seedfleet/metainfo";
import type { Torrent } from "../torrents/torrent.ts";
import { chooseStores } from "./choose-stores.ts";
import { isFinal, type ReadPiece } from "./piece-fills.ts";

/**
 * Reads pieces over the bus, from the next store where one fails. Of several failures that is
 * thrown which another try may mend.
 */
export function pieceReader(bus: Bus, presence: PresenceWatch): ReadPiece {
  return async (torrent, piece, { verify }) => {
    const stores = chooseStores(torrent.entry, piece, presence.available("piece-store"));
    let failure: unknown = null;
    for (const holder of stores) {
      try {
        return await readFrom(bus, { holder, torrent, piece, verify });
      } catch (error) {
        if (failure === null || isFinal(failure)) failure = error;
      }
    }
    throw failure;
  };
}

/** The chunks are passed on as they came, not joined. */
async function readFrom(
  bus: Bus,
  {
    holder,
    torrent,
    piece,
    verify,
  }: { holder: string; torrent: Torrent; piece: number; verify: boolean },
): Promise<readonly Uint8Array[]> {
  const length = pieceLengthAt(torrent.metainfo, piece);
  const request = { infoHash: torrent.infoHash, piece, begin: 0, length, verify };
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of bus.stream(readPieceCall, { holder }, request)) {
    chunks.push(chunk);
    received += chunk.length;
    // A store that sends too much is wrong; the hash check says so without holding it all.
    if (received > length) break;
  }
  return chunks;
}
