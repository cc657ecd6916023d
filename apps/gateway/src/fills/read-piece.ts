import type { Bus, Landing } from "@seedfleet/bus";
import { type PieceRead, readPieceCall } from "@seedfleet/contracts";
import type { PresenceWatch } from "@seedfleet/fleet";
import { pieceLengthAt } from "@seedfleet/metainfo";
import type { Torrent } from "../torrents/torrent.ts";
import { chooseStores } from "./choose-stores.ts";
import { isFinal } from "./piece-fills.ts";
import type { ReadPiece } from "./piece-intake.ts";

/**
 * Reads pieces over the bus, from the next store where one fails. Of several failures that is
 * thrown which another try may mend.
 */
export function pieceReader(bus: Bus, presence: PresenceWatch): ReadPiece {
  return async (torrent, piece, { verify, landing }) => {
    const stores = chooseStores(torrent.entry, piece, presence.available("piece-store"));
    let failure: unknown = null;
    for (const holder of stores) {
      try {
        return await readFrom(bus, { holder, torrent, piece, verify, landing });
      } catch (error) {
        if (failure === null || isFinal(failure)) failure = error;
      }
    }
    throw failure;
  };
}

type Asked = {
  readonly holder: string;
  readonly torrent: Torrent;
  readonly piece: number;
  readonly verify: boolean;
  readonly landing: Landing<PieceRead> | null;
};

/** The chunks are passed on as they came, not joined; none where the bytes have landed. */
async function readFrom(
  bus: Bus,
  { holder, torrent, piece, verify, landing }: Asked,
): Promise<readonly Uint8Array[]> {
  const length = pieceLengthAt(torrent.metainfo, piece);
  const request = { infoHash: torrent.infoHash, piece, begin: 0, length, verify };
  const chunks: Uint8Array[] = [];
  let received = 0;
  const options = landing === null ? {} : { landing };
  for await (const chunk of bus.stream(readPieceCall, { holder }, request, options)) {
    chunks.push(chunk);
    received += chunk.length;
    // A store that sends too much is wrong; the hash check says so without holding it all.
    if (received > length) break;
  }
  return chunks;
}
