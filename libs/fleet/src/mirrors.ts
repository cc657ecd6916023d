import type { Bus } from "@seedfleet/bus";
import { type InfoHash, truncatedInfoHash } from "@seedfleet/bytes";
import { MIRROR_BUCKET, MIRRORS_MAX, type Mirror, mirror } from "@seedfleet/contracts";
import { SeedfleetError } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { mergeMirrors } from "./merge-mirrors.ts";
import { rendezvousOrder } from "./rendezvous.ts";
import { openTorrentRecords, type RecordWatch, type TorrentRecords } from "./torrent-records.ts";

export type MirrorsFull = SeedfleetError<{ readonly code: "mirrors-full"; readonly max: number }>;

/** What came of asking for a mirror. */
export type AddedMirror = {
  /** As it is recorded now. */
  readonly mirror: Mirror;
  /** `merged`: it was there, and has more addresses now. `known`: it was there with all of them. */
  readonly outcome: "added" | "merged" | "known";
};

/** What the fleet downloads from foreign swarms; a record stays until it is complete. */
export type Mirrors = Omit<TorrentRecords<Mirror>, "add"> & {
  /**
   * Records it. One that is there takes on the other's addresses, as far as there is room.
   * Rejects with `mirrors-full`, and with `bus-invalid-payload` what nobody could read.
   */
  add(mirror: Mirror): Promise<AddedMirror>;
  /** Also by the other hash of a hybrid. */
  findByAny(infoHash: InfoHash): Promise<Mirror | null>;
};

export type MirrorWatch = RecordWatch<Mirror>;

/** Opens the mirrors over the bus's durable stores. What it cannot read is logged and skipped. */
export async function openMirrors(bus: Bus, log: Log): Promise<Mirrors> {
  const records = await openTorrentRecords(bus, log, {
    ...{ bucket: MIRROR_BUCKET, name: "mirror", schema: mirror, max: MIRRORS_MAX },
    ...{ merge: mergeMirrors, full: mirrorsFull },
  });
  return {
    ...records,
    async findByAny(infoHash) {
      return (await records.get(infoHash)) ?? mirrorNamed(await records.list(), infoHash);
    },
    async add(wanted) {
      const { record, outcome } = await records.add(wanted);
      return { mirror: record, outcome };
    },
  };
}

/** The one of a torrent that is asked for by either of its hashes; first by what it is kept by. */
export function mirrorNamed(mirrors: Iterable<Mirror>, infoHash: InfoHash): Mirror | null {
  const all = [...mirrors];
  const isIt = (each: Mirror): boolean => each.infoHash === infoHash;
  return all.find(isIt) ?? all.find((each) => otherNameOf(each) === infoHash) ?? null;
}

/** By what else peers know it: of a hybrid, the head of its v2 hash. */
export function otherNameOf({ infoHash, infoHashV2 }: Mirror): InfoHash | null {
  const other = infoHashV2 === null ? null : truncatedInfoHash(infoHashV2);
  return other === infoHash ? null : other;
}

/**
 * Which gateways do it together, the first in order being the first asked to: whoever knows the
 * same gateways agrees, and one that leaves changes nobody else's place.
 */
export function gatewaysOf(
  { infoHash, gateways }: { readonly infoHash: InfoHash; readonly gateways: number },
  gatewayIds: readonly string[],
): readonly string[] {
  return rendezvousOrder(infoHash, [...new Set(gatewayIds)]).slice(0, gateways);
}

function mirrorsFull({ infoHash }: Mirror): MirrorsFull {
  const message =
    `Cannot mirror ${infoHash}: the fleet has ${MIRRORS_MAX} mirrors already; ` +
    "cancel one, or wait until one is complete";
  return new SeedfleetError(message, { code: "mirrors-full", max: MIRRORS_MAX });
}
