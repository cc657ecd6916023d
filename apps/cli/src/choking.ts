import { catalogChangedEvent, type TorrentChoking } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { SeedfleetError } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import type { ChokingOptions } from "./choking-options.ts";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import { printable } from "./printable.ts";

const UNSET: TorrentChoking = { policy: null, weight: 1, superSeeding: false };

/** `seedfleet choking`: sets whom a torrent's slots go to, and whether it is super-seeded. */
export async function choking(
  options: ChokingOptions,
  print: (text: string) => void,
): Promise<void> {
  await using fleet = await connectFleet("choking", options.natsUrl);
  await chokeTorrent(fleet, options, print);
}

/** Throws where there is no such torrent. */
export async function chokeTorrent(
  { bus }: Pick<Fleet, "bus">,
  { infoHash, json, ...wanted }: Omit<ChokingOptions, "natsUrl">,
  print: (text: string) => void,
): Promise<void> {
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const entry = await catalog.change(infoHash, (before) => {
    return before === null ? null : { ...before, choking: merged(before.choking, wanted) };
  });
  if (entry === null) {
    throw new SeedfleetError(`Cannot set ${infoHash}: there is no such torrent`, {
      code: "torrent-unknown",
    });
  }
  bus.publish(catalogChangedEvent, {}, { infoHash });
  // Whoever is told must be told before we go.
  await bus.flush();
  const { choking: now = UNSET } = entry;
  if (json) print(`${JSON.stringify({ event: "choking", infoHash, ...now })}\n`);
  else print(`${printable(entry.name)}: ${chokingText(now)}\n`);
}

function merged(
  before: TorrentChoking = UNSET,
  wanted: Pick<ChokingOptions, "policy" | "weight" | "superSeeding">,
): TorrentChoking {
  const { policy = before.policy, weight = before.weight } = wanted;
  return { policy, weight, superSeeding: wanted.superSeeding ?? before.superSeeding };
}

function chokingText({ policy, weight, superSeeding }: TorrentChoking): string {
  const how = policy === null ? "slots as gateways are set to" : `slots by ${policy}`;
  return `${how}, weight ${weight}, super-seeding ${superSeeding ? "on" : "off"}`;
}
