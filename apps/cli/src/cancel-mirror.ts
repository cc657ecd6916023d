import type { BusErrorDetail } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { type AnnouncedSeed, type Mirror, unmanageCall } from "@seedfleet/contracts";
import { openAnnouncedSeeds, openCatalog, openMirrors } from "@seedfleet/fleet";
import { type ErrorDetail, SeedfleetError } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { keeperOf } from "./ask-for-mirror.ts";
import type { CancelOptions } from "./cancel-options.ts";
import type { Fleet } from "./fleet-connection.ts";
import { printable } from "./printable.ts";

type CancelMirrorOptions = Pick<CancelOptions, "json" | "delete"> & { readonly infoHash: InfoHash };

/** What is to be removed, and at which piece-store. */
type Kept = { readonly infoHash: InfoHash; readonly holder: string };

/**
 * Ends a mirror, or that what is complete is announced. What was downloaded stays, unless it is to
 * be deleted; then there may be nothing else any more. Throws where there is nothing to end.
 */
export async function cancelMirror(
  { bus }: Pick<Fleet, "bus">,
  { infoHash, json, delete: deletes }: CancelMirrorOptions,
  print: (text: string) => void,
): Promise<void> {
  const mirrors = await openMirrors(bus, silentTelemetry.log);
  const mirror = await mirrors.findByAny(infoHash);
  const isRestored = mirror?.purpose === "restore";
  if (deletes && isRestored) throw refused(infoHash, "it is restored: the fleet had it whole");
  const kept = deletes ? await keptOf(bus, infoHash, mirror) : null;
  // First, since nothing may be downloaded to what is removed.
  const removed = mirror !== null && (await mirrors.remove(mirror.infoHash));
  // One that is restored was announced before, and is afterwards.
  const announced = removed && !deletes ? null : await unannounce(bus, infoHash);
  if (!removed && announced === null && kept === null) {
    throw refused(infoHash, "it is not mirrored; see seedfleet mirrors");
  }
  const deleted = kept !== null && (await remove(bus, kept));
  const name = mirror?.name ?? announced?.name ?? null;
  const unannounced = announced !== null;
  const ended = { removed, unannounced, deleted };
  if (json) {
    print(`${JSON.stringify({ event: "cancelled", infoHash, name, deleted, unannounced })}\n`);
  } else print(doneText(name === null ? infoHash : printable(name), ended));
}

/** Gives what was announced; it may be asked for by any of its names. */
async function unannounce(bus: Fleet["bus"], infoHash: InfoHash): Promise<AnnouncedSeed | null> {
  const seeds = await openAnnouncedSeeds(bus, silentTelemetry.log);
  const entry = await (await openCatalog(bus, silentTelemetry.log)).findByAny(infoHash);
  const found = await seeds.get(entry?.infoHash ?? infoHash);
  if (found !== null) await seeds.remove(found.infoHash);
  return found;
}

async function keptOf(
  bus: Fleet["bus"],
  infoHash: InfoHash,
  mirror: Mirror | null,
): Promise<Kept | null> {
  const entry = await (await openCatalog(bus, silentTelemetry.log)).findByAny(infoHash);
  const holder = keeperOf(entry) ?? mirror?.holder ?? null;
  return holder === null ? null : { infoHash: entry?.infoHash ?? infoHash, holder };
}

async function remove(bus: Fleet["bus"], { infoHash, holder }: Kept): Promise<boolean> {
  try {
    return (await bus.call(unmanageCall, { holder }, { infoHash })).removed;
  } catch (error) {
    if (!(error instanceof SeedfleetError)) throw error;
    const detail = error.detail as BusErrorDetail | ErrorDetail;
    const { code, message } =
      "remoteCode" in detail
        ? { code: detail.remoteCode, message: detail.remoteMessage }
        : { code: detail.code, message: error.message };
    const text = `Cannot delete ${infoHash} at ${holder}: ${printable(message)}; ask again`;
    throw new SeedfleetError(text, { code }, error);
  }
}

type Ended = {
  readonly removed: boolean;
  readonly unannounced: boolean;
  readonly deleted: boolean;
};

function doneText(shown: string, { removed, unannounced, deleted }: Ended): string {
  if (unannounced && !removed && !deleted) {
    return `Ended that ${shown} is announced to its swarm; it is seeded as before\n`;
  }
  if (removed) {
    return `Cancelled the mirror of ${shown}${deleted ? ", and deleted what was there" : ""}\n`;
  }
  return deleted ? `Deleted ${shown}\n` : `There was nothing of ${shown}\n`;
}

function refused(infoHash: InfoHash, why: string): SeedfleetError {
  return new SeedfleetError(`Cannot cancel ${infoHash}: ${why}`, { code: "mirror-unknown" });
}
