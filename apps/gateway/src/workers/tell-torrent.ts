import type { InfoHash } from "@seedfleet/bytes";
import type { Catalog } from "@seedfleet/fleet";
import { errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { Torrent } from "../torrents/torrent.ts";
import type { Torrents } from "../torrents/torrents.ts";
import type { ToldTorrent, ToWorker } from "./worker-messages.ts";

/** All but whether it is downloaded, which is asked when the thread is told. */
type Found =
  | Omit<ToldTorrent, "downloading">
  | Extract<(ToWorker & { readonly kind: "found" })["found"], { readonly refused: string }>;

/** Finds a torrent for a thread that knows some; one it did not know it does from then on. */
export type TellTorrent = (infoHash: InfoHash, known: Map<number, Torrent>) => Promise<Found>;

/**
 * A thread gets a torrent's `.torrent` once, read from the catalog again: kept for this alone, it
 * would take as much memory as all else that is known of the torrent.
 */
export function torrentTeller(ports: {
  readonly torrents: Pick<Torrents, "find" | "current">;
  readonly catalog: Pick<Catalog, "metainfo">;
  readonly log: Log;
}): TellTorrent {
  return async function tell(infoHash, known) {
    const found = await ports.torrents.find(infoHash);
    if (found.kind === "refused") return { refused: found.reason };
    const { torrent } = found;
    const number = torrent.shelf.serial;
    if (known.get(number) === torrent) return { torrent: number, told: null };
    const metainfo = await readMetainfo(ports, torrent);
    // Forgotten while it was read: the thread would never hear of that.
    if (ports.torrents.current(torrent.infoHash) !== torrent) return tell(infoHash, known);
    if (metainfo === null) return { refused: "torrent-unreadable" };
    known.set(number, torrent);
    return { torrent: number, told: { metainfo, entry: torrent.entry, gone: goneOf(torrent) } };
  };
}

async function readMetainfo(
  { catalog, log }: { readonly catalog: Pick<Catalog, "metainfo">; readonly log: Log },
  { infoHash }: Torrent,
): Promise<Uint8Array | null> {
  try {
    return await catalog.metainfo(infoHash);
  } catch (error) {
    log.warn("catalog unreachable", { infoHash, reason: errorMessage(error) });
    return null;
  }
}

function goneOf({ have }: Torrent): readonly number[] {
  if (have.isFull) return [];
  return Array.from({ length: have.pieceCount }, (_, piece) => piece).filter(
    (piece) => !have.has(piece),
  );
}
