import { BenchError } from "../bench-error.ts";
import { residentBytes } from "../process-usage.ts";
import { runBench } from "../run-bench.ts";
import { FUZZ_USAGE, type FuzzOptions, parseFuzzOptions, SEED_MAX } from "./fuzz-options.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { startGatewayTarget } from "./gateway-target.ts";
import { startTrackerTarget } from "./tracker-target.ts";

const MIB = 1024 * 1024;

const SETTLE_MS = 10_000;
const LOOK_EVERY_MS = 1_000;
const READY_MS_MAX = 10_000;
const TELL_EVERY_MS = 30_000;

/** What was done so far, and what came of it. */
class Tally {
  readonly #target: string;
  readonly sessions = new Map<string, number>();
  readonly underWay = new Set<number>();
  sessionCount = 0;
  closedCount = 0;
  sentBytes = 0;
  receivedBytes = 0;
  servedCount = 0;
  slowestMs = 0;
  firstResidentBytes: number | null = null;
  peakResidentBytes = 0;

  constructor(target: string) {
    this.#target = target;
  }

  toString(): string {
    const kinds = [...this.sessions].map(([kind, count]) => `${kind} ${count}`).toSorted();
    const mib = (bytes: number): string => (bytes / MIB).toFixed(0);
    const slowestMs = this.slowestMs.toFixed(0);
    const firstMib = mib(this.firstResidentBytes ?? 0);
    return `${this.sessionCount} sessions (${kinds.join(", ")}), ${this.closedCount} closed by the \
${this.#target}, ${mib(this.sentBytes)} MiB said, ${mib(this.receivedBytes)} MiB heard, \
${this.servedCount} good clients served in at most ${slowestMs} ms, \
memory ${firstMib} → at most ${mib(this.peakResidentBytes)} MiB`;
  }
}

/** What all parts of a run share; `stopped` ends them. */
type Run = {
  readonly options: FuzzOptions;
  readonly target: FuzzTarget;
  readonly tally: Tally;
  readonly stopped: { is: boolean };
};

/**
 * `bench fuzz`: strange clients talk to a running gateway or tracker until the time is over or
 * something is found.
 */
export async function fuzzBench(args: readonly string[]): Promise<void> {
  const options = parseFuzzOptions(args);
  if (options === "help") return say(FUZZ_USAGE);
  await runBench((running) => fuzz(options, running));
}

async function fuzz(options: FuzzOptions, running: AsyncDisposableStack): Promise<void> {
  const target = await startTarget(options, running);
  const tally = new Tally(target.name);
  const run: Run = { options, target, tally, stopped: { is: false } };
  say(`seed ${options.seed}, sessions from ${options.first} on, ${options.seconds} s`);
  const timers = [
    setTimeout(() => {
      run.stopped.is = true;
    }, options.seconds * 1_000),
    setInterval(() => say(tally.toString()), TELL_EVERY_MS),
  ];
  try {
    const next = { session: options.first };
    const strange = Array.from({ length: options.parallel }, () => speakOn(run, next));
    await Promise.all([...strange, serveOn(run), lookOn(run)]);
  } catch (error) {
    say(`FOUND after ${tally}`);
    say(`while sessions ${[...tally.underWay].join(", ")} of seed ${options.seed} were under way`);
    throw error;
  } finally {
    run.stopped.is = true;
    for (const timer of timers) clearInterval(timer);
  }
  say(await target.counted());
  say(`found nothing: ${tally}`);
}

async function startTarget(
  { target, workers }: FuzzOptions,
  running: AsyncDisposableStack,
): Promise<FuzzTarget> {
  if (target === "gateway") return await startGatewayTarget(running);
  const mode = target === "tracker" ? "open" : "private";
  return await startTrackerTarget({ mode, workers }, running);
}

/** One strange client after the other. */
async function speakOn({ options, target, tally, stopped }: Run, next: { session: number }) {
  while (!stopped.is) {
    const session = next.session;
    next.session += 1;
    tally.underWay.add(session);
    const done = await target.strange(session * (SEED_MAX + 1) + options.seed);
    tally.underWay.delete(session);
    tally.sessions.set(done.kind, (tally.sessions.get(done.kind) ?? 0) + 1);
    tally.sessionCount += 1;
    tally.closedCount += done.wasClosed ? 1 : 0;
    tally.sentBytes += done.sentBytes;
    tally.receivedBytes += done.receivedBytes;
  }
}

/** A good client after the other is served, and right. */
async function serveOn({ target, tally, stopped }: Run): Promise<void> {
  while (!stopped.is) {
    const beganMs = performance.now();
    await target.good(tally.servedCount);
    tally.servedCount += 1;
    tally.slowestMs = Math.max(tally.slowestMs, performance.now() - beganMs);
  }
}

/** Sees that the target lives, is ready, complains of nothing and does not grow. */
async function lookOn({ target, tally, stopped }: Run): Promise<void> {
  const { name, child, adminUrl, pid, growthBytesMax } = target;
  const beganMs = performance.now();
  while (!stopped.is) {
    const look = AbortSignal.timeout(READY_MS_MAX);
    const answer = await fetch(`${adminUrl}/readyz`, { signal: look }).catch(() => null);
    await answer?.arrayBuffer();
    const complaint = child.complaint.trim();
    if (answer?.status !== 200) throw new BenchError(`the ${name} is not ready: ${complaint}`);
    if (complaint !== "") throw new BenchError(`the ${name} complains: ${complaint}`);
    const { total } = residentBytes(pid);
    tally.peakResidentBytes = Math.max(tally.peakResidentBytes, total);
    const hasSettled = performance.now() - beganMs > SETTLE_MS;
    if (hasSettled) tally.firstResidentBytes ??= total;
    const grownBytes = total - (tally.firstResidentBytes ?? total);
    if (grownBytes > growthBytesMax) {
      throw new BenchError(`the ${name} grew by ${(grownBytes / MIB).toFixed(0)} MiB`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
