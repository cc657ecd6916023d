import { readFileSync } from "node:fs";
import { parseMetainfo } from "@seedfleet/metainfo";
import { BenchError } from "../bench-error.ts";
import { makeContentFile } from "../content-file.ts";
import { closedConnections } from "../hostile/closed-connections.ts";
import { residentBytes } from "../process-usage.ts";
import { runBench } from "../run-bench.ts";
import { type Seeder, startSeedfleet } from "../seeders/seeder.ts";
import { FUZZ_USAGE, type FuzzOptions, parseFuzzOptions, SEED_MAX } from "./fuzz-options.ts";
import { FuzzSession, type SessionKind, type SessionTarget } from "./fuzz-session.ts";
import { downloadAll } from "./good-peer.ts";

const MIB = 1024 * 1024;
const CONTENT_MIB = 16;

/** Slots for every strange peer and the good one, so that nobody is choked for another. */
const SLOTS = 200;

/**
 * What the gateway may grow beyond what it had when all kinds of session had been seen: garbage of
 * a heap that nobody hurries to collect. A leak of a KiB a session shows in some minutes.
 */
const GROWTH_BYTES_MAX: number = 192 * MIB;
const SETTLE_MS = 10_000;

const LOOK_EVERY_MS = 1_000;
const READY_MS_MAX = 10_000;
const TELL_EVERY_MS = 30_000;

/** What was done so far, and what came of it. */
class Tally {
  readonly sessions = new Map<SessionKind, number>();
  readonly underWay = new Set<number>();
  sessionCount = 0;
  closedCount = 0;
  sentBytes = 0;
  receivedBytes = 0;
  downloadCount = 0;
  firstResidentBytes: number | null = null;
  peakResidentBytes = 0;

  toString(): string {
    const kinds = [...this.sessions].map(([kind, count]) => `${kind} ${count}`).toSorted();
    const mib = (bytes: number): string => (bytes / MIB).toFixed(0);
    return `${this.sessionCount} sessions (${kinds.join(", ")}), ${this.closedCount} closed by the \
gateway, ${mib(this.sentBytes)} MiB said, ${mib(this.receivedBytes)} MiB heard, \
${this.downloadCount} good downloads, memory ${mib(this.firstResidentBytes ?? 0)} → at most \
${mib(this.peakResidentBytes)} MiB`;
  }
}

/** What all parts of a run share; `stopped` ends them. */
type Run = {
  readonly options: FuzzOptions;
  readonly seeder: Seeder;
  readonly target: SessionTarget;
  readonly tally: Tally;
  readonly stopped: { is: boolean };
};

/**
 * `bench fuzz`: strange clients talk to a running gateway until the time is over or something is
 * found.
 */
export async function fuzzBench(args: readonly string[]): Promise<void> {
  const options = parseFuzzOptions(args);
  if (options === "help") return say(FUZZ_USAGE);
  await runBench((running) => fuzz(options, running));
}

async function fuzz(options: FuzzOptions, running: AsyncDisposableStack): Promise<void> {
  const file = await makeContentFile({ sizeMib: CONTENT_MIB }, running);
  const cacheBytes = 2 * file.sizeBytes;
  // Strange clients come from few addresses, and are to be heard out.
  const env = { SEEDFLEET_GATEWAY_OFFENCES_MAX: "0" };
  const content = { ...file, cacheBytes, connectionsMax: SLOTS, env };
  const named = { kind: "seedfleet", checkout: null, workers: 1 } as const;
  const seeder = await startSeedfleet(named, content, running);
  const metainfo = parseMetainfo(readFileSync(seeder.torrentFile));
  if (metainfo.kind !== "metainfo") throw new BenchError("seedfleet made no .torrent");
  const { host, port } = seeder;
  const tally = new Tally();
  const run: Run = {
    ...{ options, seeder, tally, stopped: { is: false } },
    target: { host, port, metainfo },
  };
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
    await Promise.all([...strange, downloadOn(run), lookOn(run)]);
  } catch (error) {
    say(`FOUND after ${tally}`);
    say(`while sessions ${[...tally.underWay].join(", ")} of seed ${options.seed} were under way`);
    throw error;
  } finally {
    run.stopped.is = true;
    for (const timer of timers) clearInterval(timer);
  }
  const closed = Object.entries(await closedConnections(seeder.adminUrl ?? ""));
  say(`closed as ${closed.map(([reason, count]) => `${reason} ${count}`).join(", ")}`);
  say(`found nothing: ${tally}`);
}

/** One strange client after the other. */
async function speakOn({ options, target, tally, stopped }: Run, next: { session: number }) {
  while (!stopped.is) {
    const session = next.session;
    next.session += 1;
    tally.underWay.add(session);
    const done = await new FuzzSession(target, session * (SEED_MAX + 1) + options.seed).run();
    tally.underWay.delete(session);
    tally.sessions.set(done.kind, (tally.sessions.get(done.kind) ?? 0) + 1);
    tally.sessionCount += 1;
    tally.closedCount += done.wasClosed ? 1 : 0;
    tally.sentBytes += done.sentBytes;
    tally.receivedBytes += done.receivedBytes;
  }
}

/** A good peer after the other gets all of it, and right. */
async function downloadOn({ target, tally, stopped }: Run): Promise<void> {
  while (!stopped.is) {
    await downloadAll(target, tally.downloadCount);
    tally.downloadCount += 1;
  }
}

/** Sees that the gateway lives, is ready, complains of nothing and does not grow. */
async function lookOn({ seeder, tally, stopped }: Run): Promise<void> {
  const beganMs = performance.now();
  while (!stopped.is) {
    const look = AbortSignal.timeout(READY_MS_MAX);
    const answer = await fetch(`${seeder.adminUrl}/readyz`, { signal: look }).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.status !== 200) throw new BenchError(`the gateway is not ready${ended(seeder)}`);
    const complaint = seeder.child.complaint.trim();
    if (complaint !== "") throw new BenchError(`the gateway complains: ${complaint}`);
    const { total } = residentBytes(seeder.pid);
    tally.peakResidentBytes = Math.max(tally.peakResidentBytes, total);
    const hasSettled = performance.now() - beganMs > SETTLE_MS;
    if (hasSettled) tally.firstResidentBytes ??= total;
    const grownBytes = total - (tally.firstResidentBytes ?? total);
    if (grownBytes > GROWTH_BYTES_MAX) {
      throw new BenchError(`the gateway grew by ${(grownBytes / MIB).toFixed(0)} MiB`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

function ended({ child: { complaint } }: Seeder): string {
  return complaint.trim() === "" ? "" : `: ${complaint.trim()}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
