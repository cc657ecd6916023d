import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { realPart } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";
import { makeContentFile } from "../content-file.ts";
import { startFetcher } from "../download/downloaders.ts";
import { type SwarmPeer, startLibtorrentPeer } from "../download/libtorrent-peer.ts";
import { machineText, thisMachine } from "../machine.ts";
import { machineCpuSeconds } from "../process-usage.ts";
import { progress, runBench } from "../run-bench.ts";
import { spreadOf, spreadText } from "../spread.ts";
import { textTable } from "../text-table.ts";
import {
  DOWNLOAD_SWARM_USAGE,
  type DownloadSwarmOptions,
  parseDownloadSwarmOptions,
} from "./download-swarm-options.ts";
import { swarmSecondsMin } from "./time-min.ts";

const MIB = 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
const FINISHED_MS_MAX = 900_000;

/** What came of one swarm. */
type SwarmRun = {
  readonly seedfleets: number;
  /** Of each leecher, from the beginning to its last piece. */
  readonly seconds: readonly number[];
  /** The slowest, beside the shortest time that there could be. */
  readonly ratio: number;
  /** What the seed had uploaded when the first leecher was done, in copies of the content. */
  readonly seedCopies: number;
  /** The share of the machine that was not idle. */
  readonly busyShare: number;
};

type Content = { readonly directory: string; readonly contentFile: string };

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

async function runSwarm(
  seedfleets: number,
  options: DownloadSwarmOptions,
  { directory, contentFile }: Content,
): Promise<SwarmRun> {
  await using running = new AsyncDisposableStack();
  const own = await mkdtemp(join(directory, "swarm-"));
  running.defer(() => rm(own, { recursive: true, force: true }));
  const torrent = join(own, "content.torrent");
  const make = { make: contentFile, pieceLengthBytes: PIECE_BYTES };
  const uploadBytesPerSecond = options.seedBytesPerSecond;
  const seed = await startLibtorrentPeer(
    "the seed",
    { torrent, savePath: directory, seeds: true, uploadBytesPerSecond, ...make },
    running,
  );
  const leechers: SwarmPeer[] = [];
  for (let at = 0; at < options.leechers; at += 1) {
    const place = { torrent, savePath: join(own, String(at)) };
    leechers.push(await startLeecher(at < seedfleets, place, { options, running }));
  }
  const before = machineCpuSeconds();
  const beganMs = performance.now();
  const first = Promise.withResolvers<void>();
  const told = leechers.map(async ({ child }, at) => {
    const others = leechers.filter((_, other) => other !== at).map(({ port }) => port);
    child.tell(`go ${JSON.stringify({ ports: [seed.port, ...others] })}`);
    await child.event("finished", FINISHED_MS_MAX);
    first.resolve();
    return (performance.now() - beganMs) / 1_000;
  });
  const all = Promise.all(told);
  await Promise.race([first.promise, all]);
  seed.child.tell("uploaded");
  const { bytes } = await seed.child.event("uploaded", FINISHED_MS_MAX);
  const seconds = await all;
  const slowest = Math.max(...seconds);
  const sizeBytes = options.sizeMib * MIB;
  return {
    ...{ seedfleets, seconds, ratio: slowest / swarmSecondsMin({ ...options, sizeBytes }) },
    seedCopies: Number(bytes) / sizeBytes,
    busyShare: (machineCpuSeconds() - before) / slowest / thisMachine().cores,
  };
}

async function startLeecher(
  isSeedfleet: boolean,
  { torrent, savePath }: { readonly torrent: string; readonly savePath: string },
  of: { readonly options: DownloadSwarmOptions; readonly running: AsyncDisposableStack },
): Promise<SwarmPeer> {
  const uploadBytesPerSecond = of.options.leecherBytesPerSecond;
  if (!isSeedfleet) {
    const leecher = { torrent, savePath, seeds: false, uploadBytesPerSecond };
    return await startLibtorrentPeer("libtorrent", leecher, of.running);
  }
  const spec = { torrentFile: torrent, managedRoot: savePath, uploadBytesPerSecond };
  return await startFetcher("seedfleet", spec, of.running);
}

function heading(options: DownloadSwarmOptions): string {
  const { leechers, sizeMib, seedBytesPerSecond, leecherBytesPerSecond, slower } = options;
  const secondsMin = swarmSecondsMin({ ...options, sizeBytes: sizeMib * MIB });
  const scaled = slower === 1 ? "" : `; all rates were divided by ${slower}`;
  return `download-swarm: ${sizeMib} MiB from a libtorrent seed that uploads \
${seedBytesPerSecond / 1e6} MB/s to ${leechers} leechers
that upload ${leecherBytesPerSecond / 1e6} MB/s each; the shortest time there could be is \
${secondsMin.toFixed(1)} s${scaled}`;
}

function table(runs: readonly SwarmRun[], { leechers, seedfleets }: DownloadSwarmOptions): string {
  const rows = [...new Set(seedfleets)].map((count) => {
    const of = runs.filter((each) => each.seedfleets === count);
    const spread = (value: (run: SwarmRun) => number, digits: number): string =>
      spreadText(spreadOf(of.map(value)), digits);
    return [
      `${count} seedfleet, ${leechers - count} libtorrent`,
      spread(({ ratio }) => ratio, 2),
      spread(({ seconds }) => Math.max(...seconds), 1),
      spread(({ seconds }) => Math.min(...seconds), 1),
      spread(({ seedCopies }) => seedCopies, 2),
      `${(100 * spreadOf(of.map(({ busyShare }) => busyShare)).median).toFixed(0)} %`,
    ];
  });
  const titles = ["leechers", "× shortest", "slowest s", "first s", "seed's copies", "CPU busy"];
  return textTable(
    titles.map((title) => ({ title, align: "left" as const })),
    rows,
  );
}
