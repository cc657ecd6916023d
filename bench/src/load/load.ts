import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { type Metainfo, parseMetainfo } from "@seedfleet/metainfo";
import { BenchError } from "../bench-error.ts";
import {
  type CpuSeconds,
  cpuSeconds,
  diskReadBytes,
  machineCpuSeconds,
  residentBytes,
} from "../process-usage.ts";
import { type Load, startLoad } from "./load-connections.ts";
import type { LoadSpec } from "./load-spec.ts";
import type { LoadWindow } from "./measured.ts";

/** All connections flow for so long before the measurement, so that windows and caches are open. */
const SETTLE_MS = 400;

/** A seeder that unchokes at its next round at the latest has done so by then. */
const FLOW_MS_MAX = 30_000;

type Reading = {
  readonly atMs: number;
  readonly receivedBytesEach: readonly number[];
  readonly server: CpuSeconds;
  readonly diskReadBytes: number;
  readonly load: NodeJS.CpuUsage;
  readonly machine: number;
};

function readingOf({ serverPid }: LoadSpec, { connections }: Load): Reading {
  return {
    atMs: performance.now(),
    receivedBytesEach: connections.map(({ receivedBytes }) => receivedBytes),
    server: cpuSeconds(serverPid),
    diskReadBytes: diskReadBytes(serverPid),
    load: process.cpuUsage(),
    machine: machineCpuSeconds(),
  };
}

/** The window opens when `opened` says so: by then every process's connections flow. */
async function measure(
  spec: LoadSpec,
  metainfo: Metainfo,
  opened: Promise<unknown>,
): Promise<LoadWindow> {
  const load = startLoad(spec, metainfo);
  const { failure } = load;
  let before = readingOf(spec, load);
  const slow = delay(FLOW_MS_MAX, undefined, { ref: false }).then(() => {
    throw new BenchError(`not every connection got a block in ${FLOW_MS_MAX} ms`);
  });
  await Promise.race([load.flowing, failure, slow]);
  tell("flowing", {});
  await Promise.race([opened, failure]);
  if (spec.load === "one-pass") await Promise.race([load.complete, failure]);
  else {
    await Promise.race([delay(SETTLE_MS), failure]);
    before = readingOf(spec, load);
    await Promise.race([delay(spec.load.seconds * 1_000), failure]);
  }
  const used = difference(before, readingOf(spec, load));
  const verifiedPieces = load.connections.reduce((sum, each) => sum + each.verifiedCount, 0);
  return { ...used, serverResidentBytes: residentBytes(spec.serverPid), verifiedPieces };
}

function difference(
  before: Reading,
  after: Reading,
): Omit<LoadWindow, "serverResidentBytes" | "verifiedPieces"> {
  const loadMicroseconds =
    after.load.user + after.load.system - before.load.user - before.load.system;
  const receivedBytesEach = after.receivedBytesEach.map(
    (bytes, at) => bytes - (before.receivedBytesEach[at] ?? 0),
  );
  return {
    receivedBytes: receivedBytesEach.reduce((sum, bytes) => sum + bytes, 0),
    receivedBytesEach,
    wallSeconds: (after.atMs - before.atMs) / 1_000,
    serverCpuSeconds: {
      user: after.server.user - before.server.user,
      system: after.server.system - before.server.system,
    },
    serverDiskReadBytes: after.diskReadBytes - before.diskReadBytes,
    loadCpuSeconds: loadMicroseconds / 1_000_000,
    machineCpuSeconds: after.machine - before.machine,
  };
}

/** Fails on a figure that says nothing. */
function checked(window: LoadWindow): LoadWindow {
  if (window.verifiedPieces === 0) throw new BenchError("no piece could be verified");
  const { user, system } = window.serverCpuSeconds;
  if (window.receivedBytes > 0 && user + system > 0) return window;
  throw new BenchError("the window was too short to measure anything");
}

function tell(event: string, fields: object): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

async function main(): Promise<void> {
  const spec: LoadSpec = JSON.parse(process.argv[2] ?? "null");
  const metainfo = parseMetainfo(readFileSync(spec.torrentFile));
  if (metainfo.kind !== "metainfo") throw new BenchError(`${spec.torrentFile} is no .torrent`);
  const opened = Promise.withResolvers<void>();
  // Whoever started us writes one line, and is gone when its end of the pipe is closed.
  const orders = createInterface({ input: process.stdin });
  orders.on("line", () => opened.resolve()).on("close", () => process.exit());
  tell("measured", checked(await measure(spec, metainfo, opened.promise)));
  // The connections flow on, since another process may still measure; we are ended by a signal.
}

/** One process of load against one seeder, which has a core of its own if there is one. */
await main().catch((error: unknown) => {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
