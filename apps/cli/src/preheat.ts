import type { BusErrorDetail } from "@seedfleet/bus";
import { type PreheatProgress, preheatCall } from "@seedfleet/contracts";
import { type ErrorDetail, SeedfleetError } from "@seedfleet/runtime";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import { formatBytes, formatCount } from "./format.ts";
import { gatherPresence } from "./gather-presence.ts";
import type { PreheatOptions } from "./preheat-options.ts";
import { printable } from "./printable.ts";

type Asked = Omit<PreheatOptions, "natsUrl">;
type Print = (text: string) => void;

/** Why one gateway did not do it. */
type Failure = ErrorDetail & { readonly message: string };

/** `seedfleet preheat`: has gateways of a running fleet bring a torrent into their caches. */
export async function preheat(options: PreheatOptions, print: Print): Promise<void> {
  await using fleet = await connectFleet("preheat", options.natsUrl);
  await preheatTorrent(fleet, options, print);
}

/** All at once; tells how each fared, and throws unless all have everything. */
export async function preheatTorrent(fleet: Fleet, asked: Asked, print: Print): Promise<void> {
  const gateways = await chosenGateways(fleet, asked.gateway);
  const failures = await Promise.all(
    gateways.map((id) => preheatAt(fleet, { ...asked, id }, print)),
  );
  const failed = failures.filter((each) => each !== null);
  const [first] = failed;
  if (first === undefined) return;
  const at = `${failed.length} of ${formatCount(gateways.length, "gateway")}`;
  const message = `Cannot preheat ${asked.infoHash} at ${at}: ${first.message}`;
  throw new SeedfleetError(message, { code: first.code });
}

async function chosenGateways(fleet: Fleet, named: string | null): Promise<readonly string[]> {
  const present = await gatherPresence(fleet, "gateway");
  const ids = present.filter(({ draining }) => !draining).map(({ id }) => id);
  const chosen = ids.filter((id) => named === null || id === named);
  if (chosen.length > 0) return chosen;
  const which = named === null ? "no gateway" : `no gateway "${named}"`;
  const others = ids.length === 0 ? "" : `, but ${ids.join(", ")}`;
  throw new SeedfleetError(`Cannot preheat: ${which} is running${others}`, {
    code: "gateway-unknown",
  });
}

async function preheatAt(
  { bus }: Fleet,
  { infoHash, pieces, json, id: gateway }: Asked & { readonly id: string },
  print: Print,
): Promise<Failure | null> {
  const tell = (event: string, fields: object): void =>
    print(`${JSON.stringify({ event, gateway, infoHash, ...fields })}\n`);
  let last: PreheatProgress | null = null;
  try {
    for await (const progress of bus.stream(preheatCall, { gateway }, { infoHash, pieces })) {
      if (json) tell("preheating", progress);
      else if (last === null) print(beginText(gateway, progress));
      last = progress;
    }
  } catch (error) {
    const failure = failureOf(error);
    if (json) tell("preheat-failed", failure);
    else print(`${gateway}  ${printable(failure.message)}\n`);
    return failure;
  }
  if (last === null) return { code: "preheat-failed", message: `${gateway} told nothing` };
  if (json) tell("preheated", last);
  else print(endText(gateway, last));
  if (last.missingPieces === 0) return null;
  const message = `${formatCount(last.missingPieces, "piece")} could not be had`;
  return { code: "pieces-missing", message };
}

function beginText(gateway: string, { wantedPieces, wantedBytes }: PreheatProgress): string {
  const wanted = `${formatCount(wantedPieces, "piece")}, ${formatBytes(wantedBytes)}`;
  return `${gateway}  bringing ${wanted}\n`;
}

function endText(gateway: string, progress: PreheatProgress): string {
  const { broughtPieces, broughtBytes, cachedPieces, missingPieces, leftOutPieces } = progress;
  const told = [
    `brought ${formatCount(broughtPieces, "piece")}, ${formatBytes(broughtBytes)}`,
    ...(cachedPieces > 0 ? [`${cachedPieces} had been there`] : []),
    ...(missingPieces > 0 ? [`${missingPieces} could not be had`] : []),
    ...(leftOutPieces > 0 ? [`no room for ${leftOutPieces} more`] : []),
  ];
  return `${gateway}  ${told.join("; ")}\n`;
}

/** The gateway's own words where it answered, else the bus's. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof SeedfleetError)) throw error;
  const detail = error.detail as BusErrorDetail;
  return detail.code === "bus-remote"
    ? { code: detail.remoteCode, message: detail.remoteMessage }
    : { code: detail.code, message: error.message };
}
