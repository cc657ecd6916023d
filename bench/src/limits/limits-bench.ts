import { BenchError } from "../bench-error.ts";
import { type ContentFile, makeContentFile } from "../content-file.ts";
import { type LoadPlan, runLoad, runLoads } from "../load/run-load.ts";
import { thisMachine } from "../machine.ts";
import { progress, runBench } from "../run-bench.ts";
import { startLimited, startPromising } from "./limited-fleet.ts";
import { LIMITS_USAGE, type LimitsOptions, parseLimitsOptions } from "./limits-options.ts";
import {
  type LimitKind,
  type LimitRuns,
  limitFigures,
  limitsTable,
  type PromiseRuns,
  promiseFigures,
} from "./limits-report.ts";

/** More than three times what the one connection would have by its number. */
const PROMISE = 0.2;
const CROWD = 15;

/** `bench limits`: the rates at the receiving side of a `seedfleet up` that has one limit. */
export async function limitsBench(args: readonly string[]): Promise<void> {
  const options = parseLimitsOptions(args);
  if (options === "help") return void process.stdout.write(LIMITS_USAGE);
  await runBench((running) => run(options, running));
}

async function run(options: LimitsOptions, running: AsyncDisposableStack): Promise<void> {
  const { workers: counts, connections, runs, seconds, pipeline, json } = options;
  progress(`making 2 × ${options.sizeMib} MiB of content`);
  const files = [
    await makeContentFile(options, running),
    // Torrents of one fleet are told apart by what their files are called.
    await makeContentFile({ ...options, name: "other.bin" }, running),
  ];
  const limits: LimitRuns[] = [];
  const promises: PromiseRuns[] = [];
  for (const workers of counts) {
    for (const kind of ["gateway", "torrent", "peer"] as const) {
      limits.push(await measureLimit(options, { of: kind, workers, file: files[0] }, running));
    }
    promises.push(await measurePromise(options, { workers, files }, running));
  }
  const report = {
    bench: "limits" as const,
    at: new Date().toISOString(),
    machine: thisMachine(),
    load: { runs, seconds, pipeline, processes: options.loadProcesses },
    ...{ connections, crowd: CROWD },
    limits: limits.map(limitFigures),
    promises: promises.map(promiseFigures),
    runs: { limits, promises },
  };
  const heading = `limits: ${runs} runs of ${seconds} s, ${pipeline} requests of 16 KiB each`;
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${heading}\n${limitsTable(report)}`);
}

async function measureLimit(
  options: LimitsOptions,
  limit: {
    readonly of: LimitKind;
    readonly workers: number;
    readonly file: ContentFile | undefined;
  },
  running: AsyncDisposableStack,
): Promise<LimitRuns> {
  const { of, workers, file } = limit;
  const { connections, runs, peerLimitBytesPerSecond: ofPeer } = options;
  const bytesPerSecond = of === "peer" ? ofPeer : options.limitBytesPerSecond;
  if (file === undefined) throw new BenchError("there is no content");
  progress(`limit of the ${of}, ${workers} worker(s)`);
  await using fleet = running.use(new AsyncDisposableStack());
  const { directory, contentFile } = file;
  const limited = { directory, paths: [contentFile], workers, connections };
  const target = await startLimited(limited, { of, bytesPerSecond }, fleet);
  const measured = [];
  for (let at = 1; at <= runs; at += 1) {
    const figures = await runLoad(target, planOf(options, connections), running);
    measured.push(figures);
    const rate = figures.receivedBytes / figures.wallSeconds / 1e6;
    progress(`run ${at}/${runs}: ${rate.toFixed(2)} MB/s`);
  }
  const limitBytesPerSecond = of === "peer" ? connections * ofPeer : bytesPerSecond;
  return { of, workers, limitBytesPerSecond, runs: measured };
}

async function measurePromise(
  options: LimitsOptions,
  { workers, files }: { readonly workers: number; readonly files: readonly ContentFile[] },
  running: AsyncDisposableStack,
): Promise<PromiseRuns> {
  const { runs, limitBytesPerSecond } = options;
  progress(`a promise of ${PROMISE}, ${workers} worker(s)`);
  await using fleet = running.use(new AsyncDisposableStack());
  const directory = files[0]?.directory ?? "";
  const limited = {
    directory,
    paths: files.map(({ contentFile }) => contentFile),
    workers,
    connections: CROWD,
  };
  const promise = { promise: PROMISE, bytesPerSecond: limitBytesPerSecond };
  const [first, second] = await startPromising(limited, promise, fleet);
  if (first === undefined || second === undefined) throw new BenchError("a torrent is missing");
  const measured = [];
  for (let at = 1; at <= runs; at += 1) {
    const loads = [
      { target: first, plan: planOf(options, 1) },
      { target: second, plan: planOf(options, CROWD) },
    ];
    const [promised, crowd] = await runLoads(loads, running);
    if (promised === undefined || crowd === undefined) throw new BenchError("a load is missing");
    measured.push({ promised, crowd });
    progress(`run ${at}/${runs}: ${(promised.receivedBytes / crowd.receivedBytes).toFixed(3)} : 1`);
  }
  return { workers, promise: PROMISE, limitBytesPerSecond, runs: measured };
}

function planOf(
  { seconds, pipeline, loadProcesses: processes }: LimitsOptions,
  connections: number,
): LoadPlan {
  return { connections, seconds, pipeline, processes, order: { kind: "in-order" } };
}
