import { randomFillSync } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { realPart } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import { thisMachine } from "../machine.ts";
import type { LoadSpec, Measured } from "./load-spec.ts";
import { parseSeedOptions, SEED_USAGE, type SeedOptions } from "./seed-options.ts";
import { mbPerCpuSecond, type SeederRuns, seedFigures, seedTable } from "./seed-report.ts";
import { type Seeder, type SeederContent, startLibtorrent, startSeedfleet } from "./seeder.ts";

const LOAD = fileURLToPath(new URL("load.ts", import.meta.url));
const MIB = 1024 * 1024;

/** What a load process may take besides the time it measures. */
const LOAD_MS_MAX = 120_000;

/**
 * `bench seed`: starts every seeder on the same content, warms each with a pass that checks every
 * byte, and then loads them in turn, so that a disturbance of the machine meets all alike.
 */
export async function seedBench(args: readonly string[]): Promise<void> {
  const options = parseSeedOptions(args);
  if (options === "help") return void process.stdout.write(SEED_USAGE);
  if (process.platform !== "linux") throw new BenchError("CPU time is read from Linux's /proc");

  await using running = new AsyncDisposableStack();
  const interrupted = Promise.withResolvers<never>();
  const stop = (signal: string): void => {
    process.exitCode = 130;
    interrupted.reject(new BenchError(`stopped by ${signal}`));
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  running.defer(() => void process.off("SIGINT", stop).off("SIGTERM", stop));
  await Promise.race([run(options, running), interrupted.promise]);
}

async function run(options: SeedOptions, running: AsyncDisposableStack): Promise<void> {
  const content = await makeContent(options, running);
  const { seeders, missing } = await startSeeders(options, content, running);
  for (const seeder of seeders) {
    progress(`warming ${seeder.name}`);
    await load(seeder, { ...options, load: "one-pass" }, running);
  }
  const measured: SeederRuns[] = [];
  for (const connections of options.connections) {
    measured.push(...(await measureInTurn(seeders, { ...options, connections }, running)));
  }
  const machine = thisMachine();
  const report = {
    bench: "seed" as const,
    at: new Date().toISOString(),
    machine,
    content: { sizeBytes: content.sizeBytes },
    load: { runs: options.runs, seconds: options.seconds, pipeline: options.pipeline },
    seeders: seeders.map(({ name, version }) => ({ name, version })),
    missing,
    figures: seedFigures(measured, machine),
  };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : seedTable(report));
}

type Turn = {
  readonly connections: number;
  readonly runs: number;
  readonly seconds: number;
  readonly pipeline: number;
};

async function measureInTurn(
  seeders: readonly Seeder[],
  turn: Turn,
  running: AsyncDisposableStack,
): Promise<readonly SeederRuns[]> {
  const { connections, runs, seconds, pipeline } = turn;
  const measured = seeders.map(({ name }) => ({ name, connections, runs: [] as Measured[] }));
  for (let run = 1; run <= runs; run += 1) {
    for (const [at, seeder] of seeders.entries()) {
      const spec = { pipeline, load: { connections, seconds } };
      const figures = await load(seeder, spec, running);
      measured[at]?.runs.push(figures);
      const rate = mbPerCpuSecond(figures).toFixed(0);
      progress(`${connections} connections, run ${run}/${runs}: ${seeder.name} ${rate}`);
    }
  }
  return measured;
}

async function load(
  { name, host, port, pid, torrentFile }: Seeder,
  { pipeline, load }: Pick<LoadSpec, "pipeline" | "load">,
  running: AsyncDisposableStack,
): Promise<Measured> {
  const spec: LoadSpec = { torrentFile, host, port, serverPid: pid, pipeline, load };
  const args = [LOAD, JSON.stringify(spec)];
  const command = { name: `load on ${name}`, program: process.execPath, args };
  await using loading = BenchProcess.start(command, running);
  const seconds = load === "one-pass" ? 0 : load.seconds;
  const told = await loading.event("measured", seconds * 1_000 + LOAD_MS_MAX);
  return told as Measured;
}

/** A file of chance in a directory of its own, which goes when the benchmark ends. */
async function makeContent(
  { sizeMib, connections }: SeedOptions,
  running: AsyncDisposableStack,
): Promise<SeederContent> {
  const directory = await mkdtemp(join(tmpdir(), "seedfleet-bench-"));
  running.defer(() => rm(directory, { recursive: true, force: true }));
  const contentFile = join(directory, "content.bin");
  progress(`making ${sizeMib} MiB of content`);
  const chunk = Buffer.allocUnsafe(MIB);
  await using file = await open(contentFile, "w");
  for (let written = 0; written < sizeMib; written += 1) await file.write(randomFillSync(chunk));
  const connectionsMax = Math.max(...connections);
  return { directory, contentFile, sizeBytes: sizeMib * MIB, connectionsMax };
}

type Started = { readonly seeders: readonly Seeder[]; readonly missing: readonly string[] };

async function startSeeders(
  { peers }: SeedOptions,
  content: SeederContent,
  running: AsyncDisposableStack,
): Promise<Started> {
  const seeders: Seeder[] = [];
  const missing: string[] = [];
  for (const peer of peers) {
    progress(`starting ${peer.kind}`);
    if (peer.kind === "seedfleet") {
      seeders.push(await startSeedfleet(peer, content, running));
      continue;
    }
    const python = realPart("python3-libtorrent");
    const torrentFile = seeders[0]?.torrentFile;
    if (torrentFile === undefined) throw new BenchError("nobody made the .torrent");
    if (python.missing === undefined) {
      const place = { directory: content.directory, torrentFile };
      seeders.push(await startLibtorrent(python.path, place, running));
    } else {
      missing.push(`Without libtorrent: ${python.missing}`);
      progress(`going on without libtorrent: ${python.missing}`);
    }
  }
  return { seeders, missing };
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
