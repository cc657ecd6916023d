import { makeContentFile } from "../content-file.ts";
import { readEverything } from "../load/run-load.ts";
import { thisMachine } from "../machine.ts";
import { progress, runBench } from "../run-bench.ts";
import { measureInTurn } from "../seeders/measure-in-turn.ts";
import { type SeederRuns, servingFigures, servingTable } from "../seeders/serving-report.ts";
import { startSeeders } from "../seeders/start-seeders.ts";
import { parseSeedOptions, SEED_USAGE, type SeedOptions } from "./seed-options.ts";

const MIB = 1024 * 1024;

/** Beyond the content, so that no piece ever has to go: what is measured is a warm cache. */
const CACHE_ROOM_BYTES = 256 * MIB;

/**
 * `bench seed`: starts every seeder on the same content, warms each with a pass that checks every
 * byte, and then loads them in turn, so that a disturbance of the machine meets all alike.
 */
export async function seedBench(args: readonly string[]): Promise<void> {
  const options = parseSeedOptions(args);
  if (options === "help") return void process.stdout.write(SEED_USAGE);
  await runBench((running) => run(options, running));
}

async function run(options: SeedOptions, running: AsyncDisposableStack): Promise<void> {
  const { sizeMib, connections, runs, seconds, pipeline, loadProcesses, json } = options;
  progress(`making ${sizeMib} MiB of content`);
  const file = await makeContentFile(options, running);
  const cacheBytes = file.sizeBytes + CACHE_ROOM_BYTES;
  const content = { ...file, cacheBytes, connectionsMax: Math.max(...connections) };
  const { seeders, missing } = await startSeeders(options.peers, content, running);
  for (const seeder of seeders) {
    progress(`warming ${seeder.name}`);
    await readEverything({ ...seeder, ...content }, options, running);
  }
  const measured: SeederRuns[] = [];
  for (const count of connections) {
    const turns = { connections: count, runs, seconds, pipeline, processes: loadProcesses };
    const order = () => ({ kind: "in-order" }) as const;
    measured.push(...(await measureInTurn(seeders, { ...turns, order }, running)));
  }
  const machine = thisMachine();
  const report = {
    bench: "seed" as const,
    at: new Date().toISOString(),
    machine,
    content: { sizeBytes: content.sizeBytes },
    load: { runs, seconds, pipeline, processes: loadProcesses },
    seeders: seeders.map(({ name, version }) => ({ name, version })),
    missing,
    figures: servingFigures(measured, machine),
  };
  const heading = `seed: ${sizeMib} MiB from a warm cache, ${runs} runs of ${seconds} s in turn, \
${pipeline} requests of 16 KiB outstanding, ${loadProcesses} process(es) of load`;
  process.stdout.write(
    json ? `${JSON.stringify(report)}\n` : `${heading}\n${servingTable(report)}`,
  );
}
