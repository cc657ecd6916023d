import type { Bus } from "@seedfleet/bus";
import { readPieceCall } from "@seedfleet/contracts";
import type { Catalog } from "@seedfleet/fleet";
import { type Metainfo, pieceLengthAt, verifyPiece } from "@seedfleet/metainfo";
import { errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";

type ElsewherePorts = { readonly bus: Bus; readonly catalog: Catalog; readonly log: Log };

/** Reads a piece, checked, from the other piece-stores that hold the torrent; null if none has. */
export function readElsewhere(
  { bus, catalog, log }: ElsewherePorts,
  holder: string,
): (metainfo: Metainfo, piece: number) => Promise<Uint8Array | null> {
  return async (metainfo, piece) => {
    const { infoHash } = metainfo;
    const entry = await catalog.find(infoHash);
    const holders = new Set(entry?.sources.map((source) => source.holder));
    holders.delete(holder);
    const length = pieceLengthAt(metainfo, piece);
    const request = { infoHash, piece, begin: 0, length, verify: true };
    for (const other of holders) {
      try {
        const bytes = await gather(bus.stream(readPieceCall, { holder: other }, request), length);
        if (verifyPiece(metainfo, piece, bytes)) return bytes;
        log.debug("piece of another store is bad too", { infoHash, piece, store: other });
      } catch (error) {
        log.debug("piece not had from another store", {
          ...{ infoHash, piece, store: other, reason: errorMessage(error) },
        });
      }
    }
    return null;
  };
}

/** A store that sends too much is wrong; the hash says so without all of it. */
async function gather(stream: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    received += chunk.length;
    if (received > length) break;
  }
  return Buffer.concat(chunks);
}
