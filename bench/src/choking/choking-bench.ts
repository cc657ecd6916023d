import { progress } from "../run-bench.ts";
import { adversaryGain } from "./adversary.ts";
import { ADVERSARY_CASES, FLEET_CASES, RECIPROCATION_CASES } from "./choking-cases.ts";
import {
  CHOKING_USAGE,
  type ChokingOptions,
  type ChokingPart,
  parseChokingOptions,
} from "./choking-options.ts";
import { type ChokingReport, chokingTable, type RoundCost } from "./choking-report.ts";
import { fleetFigures } from "./fleets.ts";
import { reciprocation } from "./reciprocation.ts";
import { roundBytes } from "./round-bytes.ts";
import { roundCostMs } from "./round-cost.ts";

const ROUNDS = 9;

/** Peers of one gateway that want a slot, as the bus carries them. */
const ROUND_PEERS = [25, 4_096];

/** `bench choking`: simulated swarms, and the CPU time of a round. */
export async function chokingBench(args: readonly string[]): Promise<void> {
  const options = parseChokingOptions(args);
  if (options === "help") return void process.stdout.write(CHOKING_USAGE);
  const report: ChokingReport = {
    bench: "choking",
    seeds: options.seeds,
    reciprocation: runs(options, "reciprocation", {
      cases: RECIPROCATION_CASES,
      run: reciprocation,
    }),
    adversary: runs(options, "adversary", { cases: ADVERSARY_CASES, run: adversaryGain }),
    fleet: runs(options, "fleet", { cases: FLEET_CASES, run: fleetFigures }),
    round: options.parts.includes("round") ? roundCosts() : [],
    bytes: options.parts.includes("round") ? ROUND_PEERS.map(roundBytes) : [],
  };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : chokingTable(report));
}

/** Every case of a part with every seed. */
function runs<Case extends { readonly name: string }, Run>(
  { parts, seeds }: ChokingOptions,
  part: ChokingPart,
  {
    cases,
    run,
  }: {
    readonly cases: readonly Case[];
    readonly run: (given: Case & { readonly seed: number }) => Run;
  },
): readonly { readonly given: Case; readonly runs: readonly Run[] }[] {
  if (!parts.includes(part)) return [];
  return cases.map((given) => {
    progress(`${part}: ${given.name}`);
    const done = Array.from({ length: seeds }, (_, at) => run({ ...given, seed: at + 1 }));
    return { given, runs: done };
  });
}

function roundCosts(): readonly RoundCost[] {
  return (["round_robin", "fastest_upload", "anti_leech", "legout"] as const).flatMap((policy) =>
    (["one", "four"] as const).map((gateways) => {
      progress(`round: ${policy}, gateways: ${gateways}`);
      return { policy, gateways, costMs: roundCostMs(policy, gateways, ROUNDS) };
    }),
  );
}
