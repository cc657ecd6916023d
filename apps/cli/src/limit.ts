import { type CatalogEntry, catalogChangedEvent, type UploadPolicy } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { formatBytes, SeedfleetError } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import type { LimitOptions } from "./limit-options.ts";
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
  if (json) print(`${JSON.stringify({ event: "limited", infoHash, ...upload, zones })}\n`);
  else print(`${printable(entry.name)}: ${uploadText(upload)}, ${zonesText(zones)}\n`);
}

type Wanted = Partial<Pick<LimitOptions, "bytesPerSecond" | "class" | "zones">>;

/** What nobody set is not written. */
function limited(before: CatalogEntry, wanted: Wanted): CatalogEntry {
  const { zones: zonesBefore = null, upload: uploadBefore, ...others } = before;
  const { zones = zonesBefore } = wanted;
  const setsUpload = wanted.bytesPerSecond !== undefined || wanted.class !== undefined;
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
  return { bytesPerSecond, class: name };
}

function uploadText({ bytesPerSecond, class: name }: UploadPolicy): string {
  const rate = bytesPerSecond === null ? "no limit of its own" : `${formatBytes(bytesPerSecond)}/s`;
  return `${rate}, ${name === null ? "no class" : `class ${name}`}`;
}

function zonesText(zones: readonly string[] | null): string {
  if (zones === null) return "any zone";
  return `${zones.length === 1 ? "zone" : "zones"} ${zones.join(", ")}`;
}
