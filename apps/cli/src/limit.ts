import { type CatalogEntry, catalogChangedEvent, type UploadPolicy } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { formatBytes, SeedfleetError } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import type { LimitOptions, TorrentLimits } from "./limit-options.ts";
import { printable } from "./printable.ts";

/** `seedfleet limit`: sets how much upload a torrent gets, and in which zones. */
export async function limit(options: LimitOptions, print: (text: string) => void): Promise<void> {
  await using fleet = await connectFleet("limit", options.natsUrl);
  await limitTorrent(fleet, options, print);
}

/** Throws where there is no such torrent. */
export async function limitTorrent(
  { bus }: Pick<Fleet, "bus">,
  { infoHash, json, ...wanted }: Omit<LimitOptions, "natsUrl">,
  print: (text: string) => void,
): Promise<void> {
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const entry = await catalog.change(infoHash, (before) => {
    return before === null ? null : limited(before, wanted);
  });
  if (entry === null) {
    throw new SeedfleetError(`Cannot limit ${infoHash}: there is no such torrent`, {
      code: "torrent-unknown",
    });
  }
  bus.publish(catalogChangedEvent, {}, { infoHash });
  // Whoever is told must be told before we go.
  await bus.flush();
  const { upload = merged(undefined, {}), zones = null } = entry;
  const told = { fleetBytesPerSecond: null, ...upload, zones };
  if (json) print(`${JSON.stringify({ event: "limited", infoHash, ...told })}\n`);
  else print(`${printable(entry.name)}: ${uploadText(upload)}, ${zonesText(zones)}\n`);
}

type Wanted = Partial<TorrentLimits>;

/** What nobody set is not written. */
function limited(before: CatalogEntry, wanted: Wanted): CatalogEntry {
  const { zones: zonesBefore = null, upload: uploadBefore, ...others } = before;
  const { zones = zonesBefore } = wanted;
  const ofUpload = [wanted.bytesPerSecond, wanted.class, wanted.fleetBytesPerSecond];
  const setsUpload = ofUpload.some((each) => each !== undefined);
  const upload = setsUpload ? merged(uploadBefore, wanted) : uploadBefore;
  return {
    ...others,
    ...(upload === undefined ? {} : { upload }),
    ...(zones === null ? {} : { zones }),
  };
}

function merged(before: UploadPolicy | undefined, wanted: Wanted): UploadPolicy {
  const { bytesPerSecond = before?.bytesPerSecond ?? null } = wanted;
  const { class: name = before?.class ?? null } = wanted;
  const { fleetBytesPerSecond: fleet = before?.fleetBytesPerSecond ?? null } = wanted;
  const policy = { bytesPerSecond, class: name };
  return fleet === null ? policy : { ...policy, fleetBytesPerSecond: fleet };
}

function uploadText({ bytesPerSecond, class: name, fleetBytesPerSecond }: UploadPolicy): string {
  const rate = bytesPerSecond === null ? "no limit of its own" : `${formatBytes(bytesPerSecond)}/s`;
  const budget =
    fleetBytesPerSecond === undefined ? "" : `, budget ${formatBytes(fleetBytesPerSecond)}/s`;
  return `${rate}${budget}, ${name === null ? "no label" : `label ${name}`}`;
}

function zonesText(zones: readonly string[] | null): string {
  if (zones === null) return "any zone";
  return `${zones.length === 1 ? "zone" : "zones"} ${zones.join(", ")}`;
}
