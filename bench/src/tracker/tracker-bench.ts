import { realPart } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";
import { thisMachine } from "../machine.ts";
import { progress, runBench } from "../run-bench.ts";
import { RowMeasurements } from "./measure-rows.ts";
import { startTraceSink } from "./trace-sink.ts";
import { parseTrackerOptions, TRACKER_USAGE, type TrackerOptions } from "./tracker-options.ts";
import { trackerFigures, trackerTables } from "./tracker-report.ts";

/** `bench tracker`: ours and opentracker side by side, row by row and in turn. */
export async function trackerBench(args: readonly string[]): Promise<void> {
  const options = parseTrackerOptions(args);
  if (options === "help") return void process.stdout.write(TRACKER_USAGE);
  await runBench((running) => run(options, running));
}

async function run(asked: TrackerOptions, running: AsyncDisposableStack): Promise<void> {
  const { options, missing } = withoutMissing(asked);
  const sink = await startTraceSink(running);
  const measured = await new RowMeasurements(options, sink, running).all();
  if (measured.length === 0) throw new BenchError("no tracker can be measured in these rows");
  const machine = thisMachine();
  const { runs, seconds, warmSeconds, swarms, numWant, sleeps } = options;
  const report = {
    bench: "tracker" as const,
    at: new Date().toISOString(),
    machine,
    load: { runs, seconds, warmSeconds, swarms, numWant, sleeps },
    missing,
    figures: trackerFigures(measured, machine),
    traces: sink.told,
  };
  const waits = sleeps ? "sleeps" : "spins";
  const heading = `tracker: ${swarms} swarms, ${numWant} peers wanted, ${runs} runs of \
${seconds} s in turn, a load that ${waits} while it waits`;
  process.stdout.write(
    options.json ? `${JSON.stringify(report)}\n` : `${heading}\n${trackerTables(report)}`,
  );
}

/** Goes on without a tracker that is not installed, and says what to install. */
function withoutMissing(options: TrackerOptions): {
  readonly options: TrackerOptions;
  readonly missing: readonly string[];
} {
  const isAsked = options.trackers.some(({ kind }) => kind === "opentracker");
  const { missing } = isAsked ? realPart("opentracker") : {};
  if (missing === undefined) return { options, missing: [] };
  progress(`going on without opentracker: ${missing}`);
  const trackers = options.trackers.filter(({ kind }) => kind !== "opentracker");
  return { options: { ...options, trackers }, missing: [`Without opentracker: ${missing}`] };
}
