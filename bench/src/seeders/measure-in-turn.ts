import type { Measured } from "../load/measured.ts";
import { type LoadPlan, runLoad } from "../load/run-load.ts";
import { progress } from "../run-bench.ts";
import type { Seeder } from "./seeder.ts";
import { mbPerCpuSecond, type SeederRuns } from "./serving-report.ts";

export type Turns = Omit<LoadPlan, "order"> & {
  readonly runs: number;
  /** In which order run N asks, the same for every seeder. */
  readonly order: (run: number) => LoadPlan["order"];
};

/** Loads the seeders in turn, so that a disturbance of the machine meets all alike. */
export async function measureInTurn(
  seeders: readonly Seeder[],
  turns: Turns,
  running: AsyncDisposableStack,
): Promise<readonly SeederRuns[]> {
  const { connections, runs } = turns;
  const measured = seeders.map(({ name }) => ({ name, connections, runs: [] as Measured[] }));
  for (let run = 1; run <= runs; run += 1) {
    for (const [at, seeder] of seeders.entries()) {
      const figures = await runLoad(seeder, { ...turns, order: turns.order(run) }, running);
      measured[at]?.runs.push(figures);
      const rate = mbPerCpuSecond(figures).toFixed(0);
      progress(`${connections} connections, run ${run}/${runs}: ${seeder.name} ${rate}`);
    }
  }
  return measured;
}
