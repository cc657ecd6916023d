import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { openCatalog } from "@seedfleet/fleet";
import type { Log } from "@seedfleet/telemetry";
import type { PublishedTorrent } from "./published-torrents.ts";

/** What is told of the catalog. */
export type TorrentChange =
  | { readonly kind: "published"; readonly torrent: PublishedTorrent }
  | { readonly kind: "retired"; readonly infoHash: InfoHash }
  /** All that was published before has been told. Comes once. */
  | { readonly kind: "torrents-known" };

export type TorrentWatch = {
  /** Whether all that was published before has been told. */
  readonly known: boolean;
  stop(): void;
};

/** Tells of the torrents of the catalog, now and as it changes. */
export async function tellTorrents(
  { bus, log }: { readonly bus: Bus; readonly log: Log },
  tell: (change: TorrentChange) => void,
): Promise<TorrentWatch> {
  let known = false;
  const catalog = await openCatalog(bus, log);
  const watch = await catalog.watch((change) => {
    if (change.kind === "published") {
      const { infoHash, aliases, zones = null } = change.entry;
      tell({ kind: "published", torrent: { infoHash, aliases, zones } });
    } else if (change.kind === "removed") {
      tell({ kind: "retired", infoHash: change.infoHash });
    } else {
      known = true;
      tell({ kind: "torrents-known" });
    }
  });
  return {
    get known() {
      return known;
    },
    stop: () => watch.stop(),
  };
}
