import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { openCatalog } from "@seedfleet/fleet";
import type { Log } from "@seedfleet/telemetry";

export type TorrentWatch = {
  /** Whether all that was published before has been heard of. */
  readonly initialised: boolean;
  readonly count: number;
  has(infoHash: InfoHash): boolean;
  stop(): void;
};

export type TorrentWatchOptions = {
  readonly log: Log;
  readonly onRemoved: (infoHash: InfoHash) => void;
};

/** The info hashes of the catalog and nothing more, so that a million torrents cost little. */
export async function watchTorrents(
  bus: Bus,
  { log, onRemoved }: TorrentWatchOptions,
): Promise<TorrentWatch> {
  const infoHashes = new Set<InfoHash>();
  let initialised = false;
  const catalog = await openCatalog(bus, log);
  const watch = await catalog.watch((change) => {
    if (change.kind === "published") {
      infoHashes.add(change.entry.infoHash);
    } else if (change.kind === "removed") {
      infoHashes.delete(change.infoHash);
      onRemoved(change.infoHash);
    } else {
      initialised = true;
    }
  });
  return {
    get initialised() {
      return initialised;
    },
    get count() {
      return infoHashes.size;
    },
    has: (infoHash) => infoHashes.has(infoHash),
    stop: () => watch.stop(),
  };
}
