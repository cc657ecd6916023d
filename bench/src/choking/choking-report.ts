import { type Spread, spreadOf, spreadText } from "../spread.ts";
import { type Column, textTable } from "../text-table.ts";
import type { AdversaryGain } from "./adversary.ts";
import type { ADVERSARY_CASES, FLEET_CASES, RECIPROCATION_CASES } from "./choking-cases.ts";
import type { FleetFigures } from "./fleets.ts";
import { mean } from "./mean.ts";
import type { Reciprocation } from "./reciprocation.ts";
import type { RoundBytes } from "./round-bytes.ts";
import { CLASS_NAMES } from "./three-classes.ts";

type Runs<Case, Run> = { readonly given: Case; readonly runs: readonly Run[] };

export type RoundCost = {
  readonly policy: string;
  readonly gateways: string;
  /** CPU time of each round. */
  readonly costMs: readonly number[];
};

/** A part that was not asked for is empty. */
export type ChokingReport = {
  readonly bench: "choking";
  readonly seeds: number;
  readonly reciprocation: readonly Runs<(typeof RECIPROCATION_CASES)[number], Reciprocation>[];
  readonly adversary: readonly Runs<(typeof ADVERSARY_CASES)[number], AdversaryGain>[];
  readonly fleet: readonly Runs<(typeof FLEET_CASES)[number], FleetFigures>[];
  readonly round: readonly RoundCost[];
  readonly bytes: readonly RoundBytes[];
};

/** The report for a person: a table for each part, with the spread over the seeds. */
export function chokingTable(report: ChokingReport): string {
  const seeds = report.seeds === 1 ? "seed 1" : `seeds 1 to ${report.seeds}`;
  const tables = [
    reciprocationTable(report.reciprocation),
    adversaryTable(report.adversary),
    fleetTable(report.fleet),
    roundTable(report.round),
    bytesTable(report.bytes),
  ];
  const told = tables.filter((each) => each !== null);
  return `choking: ${seeds}, median (lowest–highest)\n\n${told.join("\n")}`;
}

function reciprocationTable(rows: ChokingReport["reciprocation"]): string | null {
  if (rows.length === 0) return null;
  return titled(
    "a free rider's download, by how many times that of the honest of its class it took",
    [left("classes"), ...["slots", ...CLASS_NAMES, "honest peers lose"].map(right)],
    rows.map(({ given, runs }) => [
      ...[given.name, String(given.leecherSlots)],
      ...CLASS_NAMES.map((name) => spread(runs.map((run) => run.riderTakesTimes[name]))),
      percent(runs.map(({ honestLoss }) => honestLoss)),
    ]),
  );
}

function adversaryTable(rows: ChokingReport["adversary"]): string | null {
  if (rows.length === 0) return null;
  return titled(
    "how much more a cheat has than the honest of its class; the mean of the seeds",
    [left("most comes from"), left("policy"), left("cheat"), right("mean"), right("of each")],
    rows.map(({ given, runs }) => [
      ...[given.dependsOn === "gateway" ? "the gateway" : "leechers", given.policy, given.name],
      whole(mean(runs.map(({ gain }) => gain))),
      percent(runs.map(({ gain }) => gain)),
    ]),
  );
}

function fleetTable(rows: ChokingReport["fleet"]): string | null {
  if (rows.length === 0) return null;
  const titles = ["unchokes each", "copies", "T / T_min", "wait s", "uplink used"];
  return titled(
    "four gateways: until a second seed appears (copies), and until all have everything",
    [right("kB/s"), left("gateways"), ...titles.map(right)],
    rows.map(({ given, runs }) => [
      ...[String(given.uploadBytesPerSecond / 1_000), given.name],
      spread(runs.map((run) => run.unchokesPerLeecher)),
      spread(runs.map((run) => run.copiesBeforeSecondSeed)),
      spread(runs.map((run) => run.timesLeastTime)),
      String(Math.max(...runs.map((run) => run.longestWaitMs)) / 1_000),
      whole(mean(runs.map((run) => run.uplinkUse))),
    ]),
  );
}

function roundTable(rows: ChokingReport["round"]): string | null {
  if (rows.length === 0) return null;
  return titled(
    "CPU time of a round over 100,000 peers in 1,000 swarms",
    [left("policy"), left("gateways"), right("ms")],
    rows.map(({ policy, gateways, costMs }) => [
      ...[policy, gateways, spreadText(spreadOf(costMs), 0)],
    ]),
  );
}

function bytesTable(rows: ChokingReport["bytes"]): string | null {
  if (rows.length === 0) return null;
  return titled(
    "bytes on the bus for each peer that wants a slot, once a round",
    [right("peers of a gateway"), right("asked"), right("answered")],
    rows.map(({ peers, askedBytes, answeredBytes }) => [
      ...[String(peers), askedBytes.toFixed(0), answeredBytes.toFixed(0)],
    ]),
  );
}

function titled(
  title: string,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  return `${title}\n${textTable(columns, rows)}`;
}

function left(title: string): Column {
  return { title, align: "left" };
}

function right(title: string): Column {
  return { title, align: "right" };
}

function spread(values: readonly number[]): string {
  return spreadText(spreadOf(values), 2);
}

function whole(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** In per cent, the lowest and the highest; where there is one run, that. */
function percent(shares: readonly number[]): string {
  const { min, max }: Spread = spreadOf(shares);
  return min === max ? whole(min) : `${whole(min)} to ${whole(max)}`;
}
