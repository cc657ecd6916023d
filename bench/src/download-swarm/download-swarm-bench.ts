import { realPart } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";
import { makeContentFile } from "../content-file.ts";
import { machineText, thisMachine } from "../machine.ts";
import { progress, runBench } from "../run-bench.ts";
import { spreadOf, spreadText } from "../spread.ts";
import { textTable } from "../text-table.ts";
import {
  DOWNLOAD_SWARM_USAGE,
  type DownloadSwarmOptions,
  parseDownloadSwarmOptions,
} from "./download-swarm-options.ts";
import { runSwarm, type SwarmRun } from "./run-swarm.ts";
import { swarmSecondsMin } from "./time-min.ts";

const MIB = 1024 * 1024;

const SEEDS = {
  libtorrent: "a libtorrent seed",
  seedfleet: "a Seedfleet seed",
  super: "a Seedfleet seed, which super-seeds and",
} as const;

/** `bench download-swarm`: swarms of other leechers in turn, each with a seed of its own. */
export async function downloadSwarmBench(args: readonly string[]): Promise<void> {
  const options = parseDownloadSwarmOptions(args);
  if (options === "help") return void process.stdout.write(DOWNLOAD_SWARM_USAGE);
  const { missing } = realPart("python3-libtorrent");
  if (missing !== undefined) throw new BenchError(missing);
  await runBench((running) => run(options, running));
}

async function run(options: DownloadSwarmOptions, running: AsyncDisposableStack): Promise<void> {
  const at = new Date().toISOString();
  const machine = thisMachine();
  if (!options.json) process.stdout.write(`${heading(options)}\n${machineText(at, machine)}\n\n`);
  const content = await makeContentFile(options, running);
  const runs: SwarmRun[] = [];
  for (let each = 1; each <= options.runs; each += 1) {
    for (const seedfleets of options.seedfleets) {
      const swarm = await runSwarm(seedfleets, options, content);
      runs.push(swarm);
      progress(`run ${each}/${options.runs}: ${seedfleets} seedfleet ${swarm.ratio.toFixed(2)}`);
    }
  }
  const report = { bench: "download-swarm", at, machine, options, runs };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : table(runs, options));
}

function heading(options: DownloadSwarmOptions): string {
  const { leechers, sizeMib, seed, seedBytesPerSecond, leecherBytesPerSecond, slower } = options;
  const secondsMin = swarmSecondsMin({ ...options, sizeBytes: sizeMib * MIB });
  const scaled = slower === 1 ? "" : `; all rates were divided by ${slower}`;
  return `download-swarm: ${sizeMib} MiB from ${SEEDS[seed]} that uploads \
${seedBytesPerSecond / 1e6} MB/s to ${leechers} leechers
that upload ${leecherBytesPerSecond / 1e6} MB/s each; the shortest time there could be is \
${secondsMin.toFixed(1)} s${scaled}`;
}

function table(runs: readonly SwarmRun[], { leechers, seedfleets }: DownloadSwarmOptions): string {
  const rows = [...new Set(seedfleets)].map((count) => {
    const of = runs.filter((each) => each.seedfleets === count);
    const spread = (value: (run: SwarmRun) => number, digits: number): string => {
      const found = spreadOf(of.map(value));
      return of.length === 1 ? found.median.toFixed(digits) : spreadText(found, digits);
    };
    return [
      `${count} seedfleet, ${leechers - count} libtorrent`,
      spread(({ ratio }) => ratio, 2),
      spread(({ seconds }) => Math.max(...seconds), 1),
      spread(({ seconds }) => Math.min(...seconds), 1),
      spread(({ wholeCopies }) => wholeCopies, 2),
      spread(({ firstCopies }) => firstCopies, 2),
      spread(({ lastCopies }) => lastCopies, 2),
      `${(100 * spreadOf(of.map(({ busyShare }) => busyShare)).median).toFixed(0)} %`,
    ];
  });
  const copies = ["copies, all out once", "first done", "last done"];
  const titles = ["leechers", "× shortest", "slowest s", "first s", ...copies, "CPU busy"];
  return textTable(
    titles.map((title) => ({ title, align: "left" as const })),
    rows,
  );
}
