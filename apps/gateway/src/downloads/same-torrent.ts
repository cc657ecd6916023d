import type { Mirror } from "@seedfleet/contracts";
import { type AnnouncedSeeds, type Catalog, type Mirrors, seedOf } from "@seedfleet/fleet";
import { type Metainfo, parseMetainfo } from "@seedfleet/metainfo";
import type { Clock } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";

export type SameTorrentPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly catalog: Pick<Catalog, "find">;
  readonly mirrors: Pick<Mirrors, "add" | "addTo" | "get" | "remove">;
  readonly announced: Pick<AnnouncedSeeds, "add">;
};

/** By what a torrent is known, of a hybrid both. */
export type TorrentNames = Pick<Metainfo, "infoHash" | "infoHashV2">;

/** Everybody is to know the other hash of what is mirrored, by which somebody may ask for it. */
export async function tellNames(
  { mirrors }: Pick<SameTorrentPorts, "mirrors">,
  mirror: Mirror,
  { infoHashV2 }: TorrentNames,
): Promise<void> {
  if (infoHashV2 === mirror.infoHashV2) return;
  await mirrors.addTo({ ...mirror, infoHashV2 });
}

/** Whether what came is a hybrid's that was asked for by its v2 hash: then the record is gone. */
export async function wasMerged(
  ports: SameTorrentPorts,
  mirror: Mirror,
  metainfo: Uint8Array,
): Promise<boolean> {
  const parsed = parseMetainfo(metainfo);
  if (parsed.kind !== "metainfo" || parsed.infoHash === mirror.infoHash) return false;
  await mergeIntoOne(ports, mirror, parsed);
  return true;
}

/**
 * A mirror by a hybrid's v2 hash is one with the mirror by its v1 hash, which everything goes by:
 * that takes on what this one has of trackers and peers, and this one goes. Of what the fleet has
 * whole nothing is downloaded.
 */
export async function mergeIntoOne(
  { clock, log, catalog, mirrors, announced }: SameTorrentPorts,
  mirror: Mirror,
  { infoHash, infoHashV2 }: TorrentNames,
): Promise<void> {
  const entry = await catalog.find(infoHash);
  const keeper = entry?.sources.find(({ location }) => location.startsWith("managed:"));
  const named = { ...mirror, infoHash, infoHashV2, holder: keeper?.holder ?? mirror.holder };
  // Whoever was quicker has done all of it.
  if ((await mirrors.get(mirror.infoHash)) === null) return;
  if (entry === null || entry.incomplete === true) await mirrors.add(named);
  else {
    const seed = seedOf(named, entry, clock.nowMs());
    if (seed !== null) await announced.add(seed);
  }
  await mirrors.remove(mirror.infoHash);
  log.info("mirror is of a torrent that has another hash, too", {
    ...{ infoHash: mirror.infoHash, goesOnAs: infoHash },
  });
}
