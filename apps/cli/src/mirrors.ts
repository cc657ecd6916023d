import type { InfoHash } from "@seedfleet/bytes";
import {
  type AnnouncedSeed,
  type FileRange,
  type Mirror,
  type MirrorChoice,
  type MirrorProgress,
  mirrorProgressEvent,
} from "@seedfleet/contracts";
import { gatewaysOf, openAnnouncedSeeds, openMirrors } from "@seedfleet/fleet";
import { delay } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { connectFleet, type Fleet } from "./fleet-connection.ts";
import { formatBytes, formatCount, formatDuration } from "./format.ts";
import { gatherPresence } from "./gather-presence.ts";
import { doneShare, type MirrorTotals, mirrorStanding, mirrorTotals } from "./mirror-totals.ts";
import type { MirrorsOptions } from "./mirrors-options.ts";
import { printable } from "./printable.ts";

/** Gateways tell once a second while something changes. */
const LISTEN_MS = 1_500;

type Print = (text: string) => void;

/** `seedfleet mirrors`: lists what a running fleet downloads, and what it announces since then. */
export async function mirrors(options: MirrorsOptions, print: Print): Promise<void> {
  await using fleet = await connectFleet("mirrors", options.natsUrl);
  await listMirrors(fleet, { json: options.json, print });
}

export async function listMirrors(
  fleet: Pick<Fleet, "bus" | "clock" | "presence">,
  { json, print, listenMs = LISTEN_MS }: { json: boolean; print: Print; listenMs?: number },
): Promise<void> {
  const { bus, clock } = fleet;
  const recorded = await (await openMirrors(bus, silentTelemetry.log)).list();
  const announced = await (await openAnnouncedSeeds(bus, silentTelemetry.log)).list();
  if (recorded.length + announced.length === 0)
    return json ? undefined : print("Nothing is mirrored\n");
  const told = new ToldOf(recorded);
  const listening = bus.subscribe(mirrorProgressEvent, {}, (progress, { infoHash }) =>
    told.hear(infoHash, progress),
  );
  const [present] = await Promise.all([gatherPresence(fleet, "gateway"), delay(clock, listenMs)]);
  listening.unsubscribe();
  const ids = present.map(({ id }) => id);
  const nowMs = clock.nowMs();
  for (const mirror of recorded.toSorted((a, b) => a.addedAtMs - b.addedAtMs)) {
    const totals = mirrorTotals(mirror, told.of(mirror.infoHash), waitsFor(mirror, ids));
    // Another machine's clock may be ahead of ours.
    const ageMs = Math.max(0, Math.round(nowMs - mirror.addedAtMs));
    print(json ? jsonLine(mirror, totals, ageMs) : text(mirror, totals, ageMs));
  }
  for (const seed of announced.toSorted((a, b) => a.sinceMs - b.sinceMs)) {
    print(seedText(seed, { json, ids, ageMs: Math.max(0, Math.round(nowMs - seed.sinceMs)) }));
  }
}

/** Whom the swarm of what is complete is told of. */
function seedText(
  seed: AnnouncedSeed,
  { json, ids, ageMs }: { json: boolean; ids: readonly string[]; ageMs: number },
): string {
  const { infoHash, infoHashV2, name, trackers, dht, gateways: gatewaysWanted } = seed;
  const gateways = gatewaysOf(seed, ids);
  if (json) {
    const told = { infoHash, infoHashV2, name, trackers, dht, gatewaysWanted, gateways, ageMs };
    return `${JSON.stringify({ event: "announced", ...told })}\n`;
  }
  const count = trackers.flat().length;
  const where = [
    ...(count > 0 ? [`to ${formatCount(count, "tracker")}`] : []),
    ...(dht ? ["in the DHT"] : []),
  ].join(" and ");
  const who = gateways.length === 0 ? ": no gateway is running" : ` by ${gateways.join(", ")}`;
  const shown = printable(name ?? "not known");
  const since = `${formatDuration(ageMs)} ago`;
  return `${shown}  ${infoHash}\n  complete, announced ${where}${who}\n  ${since}\n`;
}

/** What gateways tell of the mirrors that are recorded. */
class ToldOf {
  readonly #told: ReadonlyMap<string, Map<string, MirrorProgress>>;

  constructor(recorded: readonly Mirror[]) {
    this.#told = new Map(recorded.map(({ infoHash }) => [infoHash, new Map()]));
  }

  hear(infoHash: string, progress: MirrorProgress): void {
    this.#told.get(infoHash)?.set(progress.gateway, progress);
  }

  of(infoHash: InfoHash): readonly MirrorProgress[] {
    return [...(this.#told.get(infoHash)?.values() ?? [])];
  }
}

function waitsFor(mirror: Mirror, present: readonly string[]): string {
  const chosen = gatewaysOf(mirror, present);
  if (chosen.length === 0) return "no gateway is running";
  return `nothing new from ${chosen.join(", ")}`;
}

function jsonLine(mirror: Mirror, totals: MirrorTotals, ageMs: number): string {
  const { holder, purpose, trackers, webSeeds, dht, choice, gateways: gatewaysWanted } = mirror;
  const asked = { holder, purpose, trackers, webSeeds, dht, choice, gatewaysWanted, ageMs };
  return `${JSON.stringify({ event: "mirror", ...totals, ...asked })}\n`;
}

/** One line, and one more of how it is. */
function text(mirror: Mirror, totals: MirrorTotals, ageMs: number): string {
  const { holder, purpose, choice } = mirror;
  const { infoHash, name, bytesPerSecond, peers, seeds, remainingMs } = totals;
  const shown = printable(name ?? "not known yet");
  const what = purpose === "restore" ? "  restored" : "";
  const share = Math.floor(doneShare(totals) * 100);
  const told = [
    mirrorStanding(totals),
    ...(totals.pieceCount === null ? [] : [`${share} % of ${piecesText(totals)}`]),
    ...(bytesPerSecond > 0 ? [`${formatBytes(bytesPerSecond)}/s`] : []),
    ...(peers > 0 ? [formatCount(peers, "peer"), formatCount(seeds, "seed")] : []),
    ...(remainingMs === null ? [] : [`${formatDuration(remainingMs)} left`]),
  ];
  const where = `to ${holder}, ${formatDuration(ageMs)} ago`;
  return `${shown}  ${infoHash}${what}\n  ${told.join(", ")}\n${choiceText(choice)}  ${where}\n`;
}

function piecesText({ pieceCount, chosenPieces }: MirrorTotals): string {
  const all = formatCount(pieceCount ?? 0, "piece");
  return chosenPieces === null ? all : `${formatCount(chosenPieces, "chosen piece")}, of ${all}`;
}

function rangeText([first, last]: FileRange): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

/** A line of what was chosen; nothing where nothing was. */
function choiceText(choice: MirrorChoice | undefined): string {
  if (choice === undefined) return "";
  const { only, files = [], first, sequential } = choice;
  const told = [
    ...(files.length === 0 ? [] : [`only files ${files.map(rangeText).join(", ")}`]),
    ...(only.length === 0 ? [] : [`only ${only.join(", ")}`]),
    ...(first.length === 0 ? [] : [`first ${first.join(", ")}`]),
    ...(sequential ? ["sequential"] : []),
  ];
  return `  ${printable(told.join("; "))}\n`;
}
