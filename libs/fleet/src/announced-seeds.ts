import type { Bus } from "@seedfleet/bus";
import type { InfoHash, InfoHashV2 } from "@seedfleet/bytes";
import {
  ANNOUNCED_SEED_BUCKET,
  ANNOUNCED_SEEDS_MAX,
  type AnnouncedSeed,
  announcedSeed,
  type Mirror,
} from "@seedfleet/contracts";
import { SeedfleetError } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { mergeTiers } from "./merge-mirrors.ts";
import { openTorrentRecords, type RecordWatch, type TorrentRecords } from "./torrent-records.ts";

export type AnnouncedSeedsFull = SeedfleetError<{
  readonly code: "announced-seeds-full";
  readonly max: number;
}>;

/**
 * What was mirrored and goes on being announced to its swarm. Adding rejects with
 * `announced-seeds-full`; one that is there takes on the other's trackers.
 */
export type AnnouncedSeeds = TorrentRecords<AnnouncedSeed>;

export type AnnouncedSeedWatch = RecordWatch<AnnouncedSeed>;

/** Opens the records over the bus's durable stores. What it cannot read is logged and skipped. */
export async function openAnnouncedSeeds(bus: Bus, log: Log): Promise<AnnouncedSeeds> {
  return await openTorrentRecords(bus, log, {
    ...{ bucket: ANNOUNCED_SEED_BUCKET, name: "announced seed", schema: announcedSeed },
    ...{ max: ANNOUNCED_SEEDS_MAX, merge, full },
  });
}

/** What is known of a torrent once its metainfo is there. */
type KnownTorrent = {
  readonly infoHash: InfoHash;
  readonly infoHashV2: InfoHashV2 | null;
  readonly name: string;
  readonly private: boolean;
};

/**
 * How a mirror goes on once it is whole. Null where it is not to be announced: nobody is there to
 * tell, somebody said so, or it was restored, so that it is what it was before.
 */
export function seedOf(
  mirror: Pick<Mirror, "purpose" | "announce" | "trackers" | "dht" | "gateways">,
  torrent: KnownTorrent,
  sinceMs: number,
): AnnouncedSeed | null {
  const { purpose, announce, trackers, dht, gateways } = mirror;
  if (purpose !== "mirror" || announce === false) return null;
  const inDht = dht && !torrent.private;
  if (trackers.length === 0 && !inDht) return null;
  const { infoHash, infoHashV2, name } = torrent;
  return { infoHash, infoHashV2, name, trackers, gateways, dht: inDht, sinceMs };
}

function merge(before: AnnouncedSeed, wanted: AnnouncedSeed): AnnouncedSeed {
  const merged: AnnouncedSeed = {
    ...before,
    infoHashV2: before.infoHashV2 ?? wanted.infoHashV2,
    name: before.name ?? wanted.name,
    trackers: mergeTiers(before.trackers, wanted.trackers),
    gateways: Math.max(before.gateways, wanted.gateways),
    dht: before.dht || wanted.dht,
  };
  return JSON.stringify(merged) === JSON.stringify(before) ? before : merged;
}

function full({ infoHash }: AnnouncedSeed): AnnouncedSeedsFull {
  const max = ANNOUNCED_SEEDS_MAX;
  const message =
    `Cannot announce ${infoHash}: the fleet announces ${max} mirrors already; ` +
    "seedfleet cancel ends that of one";
  return new SeedfleetError(message, { code: "announced-seeds-full", max });
}
