import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { openCatalog } from "@seedfleet/fleet";
import type { Log } from "@seedfleet/telemetry";
import { ZoneSets } from "./handout/zone-sets.ts";

export type TorrentWatch = {
  /** Whether all that was published before has been heard of. */
  readonly initialised: boolean;
  readonly count: number;
  /** The info hash by which a torrent's swarm goes; null for a torrent that is not published. */
  swarmOf(infoHash: InfoHash): InfoHash | null;
  /**
   * The zones whose gateways may serve the torrent of this swarm; null for one that any may. Equal
   * zones are the same array.
   */
  zonesOf(infoHash: InfoHash): readonly string[] | null;
  stop(): void;
};

export type TorrentWatchOptions = {
  readonly log: Log;
  readonly onRemoved: (infoHash: InfoHash) => void;
};

const NONE: readonly InfoHash[] = [];

/**
 * The info hashes of the catalog and nothing more, so that a million torrents cost little. A hybrid
 * has several, which lead to one swarm.
 */
export async function watchTorrents(
  bus: Bus,
  { log, onRemoved }: TorrentWatchOptions,
): Promise<TorrentWatch> {
  /** Each info hash with its aliases. */
  const published = new Map<InfoHash, readonly InfoHash[]>();
  const swarms = new Map<InfoHash, InfoHash>();
  const zoneSets = new ZoneSets();
  const zones = new Map<InfoHash, readonly string[]>();
  const forget = (infoHash: InfoHash): void => {
    for (const alias of published.get(infoHash) ?? []) swarms.delete(alias);
    published.delete(infoHash);
    zones.delete(infoHash);
  };
  let initialised = false;
  const catalog = await openCatalog(bus, log);
  const watch = await catalog.watch((change) => {
    if (change.kind === "published") {
      const { infoHash, aliases } = change.entry;
      forget(infoHash);
      published.set(infoHash, aliases.length === 0 ? NONE : aliases);
      for (const alias of aliases) swarms.set(alias, infoHash);
      const kept = change.entry.zones;
      if (kept !== undefined) zones.set(infoHash, zoneSets.of(kept));
    } else if (change.kind === "removed") {
      forget(change.infoHash);
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
      return published.size;
    },
    swarmOf: (infoHash) => (published.has(infoHash) ? infoHash : (swarms.get(infoHash) ?? null)),
    zonesOf: (infoHash) => zones.get(infoHash) ?? null,
    stop: () => watch.stop(),
  };
}
