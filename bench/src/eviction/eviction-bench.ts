import { seededRng } from "@seedfleet/runtime";
import { CONTENDERS } from "./contenders.ts";
import { EVICTION_USAGE, type EvictionOptions, parseEvictionOptions } from "./eviction-options.ts";
import { type EvictionRuns, evictionFigures, evictionTable } from "./eviction-report.ts";
import { type Served, simulate } from "./simulate.ts";
import { TRACES, type TraceName } from "./traces.ts";

/** `bench eviction`: every contender answers the same traces, one after another. */
export async function evictionBench(args: readonly string[]): Promise<void> {
  const options = parseEvictionOptions(args);
  if (options === "help") return void process.stdout.write(EVICTION_USAGE);
  const measured = options.traces.flatMap((trace) => {
    process.stderr.write(`${trace}: ${options.runs} seeds\n`);
    return measure(trace, options);
  });
  const report = {
    bench: "eviction" as const,
    cacheBytes: options.cacheBytes,
    batchCount: options.batchCount,
    runs: options.runs,
    figures: evictionFigures(measured),
  };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : evictionTable(report));
}

function measure(
  name: TraceName,
  { runs, batchCount, cacheBytes }: EvictionOptions,
): readonly EvictionRuns[] {
  const served = CONTENDERS.map((): Served[] => []);
  for (let seed = 1; seed <= runs; seed += 1) {
    // Made anew for each seed, and not kept: a trace is tens of megabytes.
    const trace = TRACES[name](seededRng(seed), batchCount);
    for (const [at, contender] of CONTENDERS.entries()) {
      served[at]?.push(simulate(trace, contender, cacheBytes));
    }
  }
  return CONTENDERS.map((contender, at) => ({
    trace: name,
    contender: contender.name,
    runs: served[at] ?? [],
  }));
}
