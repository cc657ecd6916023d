import { fileURLToPath } from "node:url";
import { BenchError } from "../bench-error.ts";
import { BenchProcess, type ChildCommand } from "../bench-process.ts";
import { progress } from "../run-bench.ts";
import { spreadOf } from "../spread.ts";
import { type Contender, contendersOf } from "./contenders.ts";
import type { Extent, TrackerLoadSpec, TrackerMeasured } from "./load-spec.ts";
import { scrapeEachSecond, type TraceSink } from "./trace-sink.ts";
import type { TrackerOptions } from "./tracker-options.ts";
import { startTracker } from "./tracker-process.ts";
import {
  type Clients,
  clientsOf,
  sourcesOf,
  TRACKER_ROWS,
  type TrackerRow,
} from "./tracker-rows.ts";

const LOAD = fileURLToPath(new URL("load.ts", import.meta.url));
const LOAD_MS_MAX = 120_000;

/** Before memory is looked at: what the first announces bring besides peers. */
const MEMORY_WARM_ANNOUNCES = 50_000;

/** A swarm has so many more peers than are wanted before it is measured. */
const SPARE_PEERS = 10;

/** The runs of one tracker in one row. */
export type TrackerRuns = {
  readonly row: string;
  readonly label: string;
  /** At which rate it was loaded; null where it was as fast as it answered. */
  readonly perSecond: number | null;
  readonly runs: readonly TrackerMeasured[];
};

type LoadPlan = {
  readonly perSecond: number | null;
  readonly warm: readonly Extent[];
  readonly measure: Extent;
};

/** Measures row by row, in each the trackers in turn, every time with a fresh one. */
export class RowMeasurements {
  readonly #options: TrackerOptions;
  readonly #sink: TraceSink;
  readonly #running: AsyncDisposableStack;
  readonly #measured: TrackerRuns[] = [];
  /** Sources that were used: a tracker that runs on has heard of their peers. */
  #usedSources = 0;

  constructor(options: TrackerOptions, sink: TraceSink, running: AsyncDisposableStack) {
    this.#options = options;
    this.#sink = sink;
    this.#running = running;
  }

  async all(): Promise<readonly TrackerRuns[]> {
    for (const name of this.#options.rows) {
      const row = TRACKER_ROWS[name];
      if (row !== undefined) await this.#row(name, row);
    }
    return this.#measured;
  }

  async #row(name: string, row: TrackerRow): Promise<void> {
    const contenders = contendersOf(row, this.#options);
    const turns: { contender: Contender; plan: LoadPlan; runs: TrackerMeasured[] }[] = [];
    for (const contender of contenders) {
      turns.push({ contender, plan: await this.#plan(row, contender), runs: [] });
    }
    for (let run = 1; run <= this.#options.runs; run += 1) {
      for (const { contender, plan, runs } of turns) {
        const figures = await this.#run(row.clients, contender, plan);
        runs.push(figures);
        progress(`${name}, run ${run}/${this.#options.runs}: ${told(contender, figures)}`);
      }
    }
    for (const { contender, plan, runs } of turns) {
      const { perSecond } = plan;
      this.#measured.push({ row: name, label: contender.label, perSecond, runs });
    }
  }

  async #plan({ kind, clients }: TrackerRow, contender: Contender): Promise<LoadPlan> {
    const { seconds, warmSeconds, memoryPeers, swarms, numWant } = this.#options;
    // Then every answer can have as many peers as are wanted.
    const filled = { announces: swarms * (numWant + SPARE_PEERS) };
    const warm = [filled, { seconds: warmSeconds }];
    const plan = { perSecond: null, warm, measure: { seconds } };
    if (kind === "memory") {
      return {
        ...plan,
        warm: [{ announces: MEMORY_WARM_ANNOUNCES }],
        measure: { announces: memoryPeers },
      };
    }
    if (kind !== "latency") return plan;
    const found = this.#loadFound(clients, contender) ?? [
      await this.#run(clients, contender, plan),
    ];
    const rates = found.map(({ announces, wallSeconds }) => announces / wallSeconds);
    return { ...plan, perSecond: Math.round(spreadOf(rates).median / 2) };
  }

  /** What the tracker was measured with at full load from the same clients. */
  #loadFound(clients: Clients, { label }: Contender): readonly TrackerMeasured[] | undefined {
    return this.#measured.find((each) => {
      const row = TRACKER_ROWS[each.row];
      return row?.kind === "load" && isSame(row.clients, clients) && each.label === label;
    })?.runs;
  }

  async #run(clients: Clients, contender: Contender, plan: LoadPlan): Promise<TrackerMeasured> {
    const { swarms, numWant, sleeps } = this.#options;
    const { name, workers, telemetry } = contender;
    await using started = new AsyncDisposableStack();
    const settings = { swarms, workers, otlpUrl: telemetry ? this.#sink.url : null };
    const tracker = await startTracker(name, settings, started);
    if (telemetry && tracker.adminUrl !== null) scrapeEachSecond(tracker.adminUrl, started);
    const clientsHere = clientsOf(clients, tracker);
    if (clientsHere === null) throw new BenchError(`${contender.label} has no such address`);
    const spec: TrackerLoadSpec = {
      ...{ ...plan, clients: clientsHere, serverPid: tracker.pid, swarms, numWant, sleeps },
      ...{ exact: tracker.fresh, fresh: tracker.fresh },
      firstSource: tracker.fresh ? 0 : this.#usedSources,
    };
    this.#usedSources += sourcesOf(clients);
    const load = BenchProcess.start(loadCommand(`load on ${contender.label}`, spec), started);
    // Who is stopped by a signal ends them too.
    if (this.#running.disposed) throw new BenchError("the benchmark was stopped");
    const secondsMax = this.#options.seconds + this.#options.warmSeconds;
    const measured = await load.event("measured", secondsMax * 1_000 + LOAD_MS_MAX);
    return measured as unknown as TrackerMeasured;
  }
}

/** What starts a process of load. */
export function loadCommand(name: string, spec: TrackerLoadSpec): ChildCommand {
  // Node warns of every use of its FFI.
  const args = ["--disable-warning=ExperimentalWarning", LOAD, JSON.stringify(spec)];
  return { name, program: process.execPath, args };
}

function told({ label }: Contender, figures: TrackerMeasured): string {
  const { announces, wallSeconds } = figures;
  const [cpu, wall] = [perCpuSecond(figures), announces / wallSeconds];
  return `${label} ${cpu.toFixed(0)} per CPU-second, ${wall.toFixed(0)} a second`;
}

export function perCpuSecond({ announces, serverCpuSeconds }: TrackerMeasured): number {
  return announces / (serverCpuSeconds.user + serverCpuSeconds.system);
}

function isSame(a: Clients, b: Clients): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
