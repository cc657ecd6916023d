import { Bitfield, bitfieldBytes } from "@seedfleet/bitfield";
import type { Bus } from "@seedfleet/bus";
import { type CatalogEntry, havePiecesCall } from "@seedfleet/contracts";
import { errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";

/** Which pieces of content that is still being downloaded its stores have; null if none says. */
export type ReadHave = (entry: CatalogEntry) => Promise<Bitfield | null>;

/** Asks the entry's holders in turn. */
export function haveReader(bus: Bus, log: Log): ReadHave {
  return async ({ infoHash, pieceCount, sources }) => {
    for (const { holder } of sources) {
      try {
        const chunks: Uint8Array[] = [];
        let receivedBytes = 0;
        for await (const chunk of bus.stream(havePiecesCall, { holder }, { infoHash })) {
          chunks.push(Uint8Array.from(chunk));
          receivedBytes += chunk.length;
          bus.recycle(chunk);
          // A store that sends too much is wrong, which the length says without holding it all.
          if (receivedBytes > bitfieldBytes(pieceCount)) break;
        }
        const bits = Bitfield.parse(Buffer.concat(chunks), pieceCount);
        if (bits !== null) return bits;
        log.error("bitfield of a store unusable", { infoHash, holder });
      } catch (error) {
        log.debug("store does not say what it has", {
          ...{ infoHash, holder, reason: errorMessage(error) },
        });
      }
    }
    return null;
  };
}
