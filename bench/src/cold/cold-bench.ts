import { makeContentFile } from "../content-file.ts";
import { readEverything } from "../load/run-load.ts";
import { thisMachine } from "../machine.ts";
import { progress, runBench } from "../run-bench.ts";
import { measureInTurn } from "../seeders/measure-in-turn.ts";
import { servingFigures } from "../seeders/serving-report.ts";
import { startSeeders } from "../seeders/start-seeders.ts";
import { COLD_USAGE, type ColdOptions, parseColdOptions } from "./cold-options.ts";
import { coldTable } from "./cold-report.ts";
import { checkPageCache } from "./page-cache.ts";

const MIB = 1024 * 1024;

/**
 * `bench cold`: as `bench seed`, but of content that our cache holds a small part of, and each
 * connection asks for piece after piece at random. In one run every seeder is asked for the same.
 */
export async function coldBench(args: readonly string[]): Promise<void> {
  const options = parseColdOptions(args);
  if (options === "help") return void process.stdout.write(COLD_USAGE);
  await runBench((running) => run(options, running));
}

async function run(options: ColdOptions, running: AsyncDisposableStack): Promise<void> {
  const { sizeMib, cacheMib, connections, runs, seconds, pipeline, loadProcesses } = options;
  checkPageCache(sizeMib);
  progress(`making ${sizeMib} MiB of content`);
  const file = await makeContentFile(options, running);
  const content = { ...file, cacheBytes: cacheMib * MIB, connectionsMax: connections };
  const { seeders, missing } = await startSeeders(options.peers, content, running);
  for (const seeder of seeders) {
    progress(`reading everything from ${seeder.name}`);
    await readEverything({ ...seeder, ...content }, options, running);
  }
  const turns = { connections, runs, seconds, pipeline, processes: loadProcesses };
  const order = (run: number) => ({ kind: "random-pieces", seed: run }) as const;
  const measured = await measureInTurn(seeders, { ...turns, order }, running);
  const machine = thisMachine();
  const report = {
    bench: "cold" as const,
    at: new Date().toISOString(),
    machine,
    content: { sizeBytes: content.sizeBytes, cacheBytes: content.cacheBytes },
    load: { runs, seconds, pipeline, processes: loadProcesses },
    seeders: seeders.map(({ name, version }) => ({ name, version })),
    missing,
    figures: servingFigures(measured, machine),
  };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : coldTable(report));
}
