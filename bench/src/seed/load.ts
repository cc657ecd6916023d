import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { type Metainfo, parseMetainfo } from "@seedfleet/metainfo";
import { BenchError } from "../bench-error.ts";
import { type CpuSeconds, cpuSeconds, machineCpuSeconds, residentBytes } from "../process-usage.ts";
import { LoadConnection } from "./load-connection.ts";
import type { LoadSpec, Measured } from "./load-spec.ts";
import { RequestPlan } from "./request-plan.ts";

/** All connections flow for so long before the measurement, so that windows and caches are open. */
const SETTLE_MS = 400;

/** A seeder that unchokes at its next round at the latest has done so by then. */
const FLOW_MS_MAX = 30_000;

/** Each connection hashes one piece in so many, a few percent of the load's own time. */
const SAMPLED_EVERY = 31;

type Load = {
  readonly connections: readonly LoadConnection[];
  readonly flowing: Promise<unknown>;
  readonly complete: Promise<unknown>;
  /** Rejects with the first failure, and never resolves. */
  readonly failure: Promise<never>;
};

type Reading = {
  readonly atMs: number;
  readonly receivedBytes: number;
  readonly server: CpuSeconds;
  readonly load: NodeJS.CpuUsage;
  readonly machine: number;
};

function start(spec: LoadSpec, metainfo: Metainfo): Load {
  const requests = new RequestPlan(metainfo);
  const count = spec.load === "one-pass" ? 1 : spec.load.connections;
  const blocksPerPiece = requests.blockCount / metainfo.pieceCount;
  const { promise: failure, reject: failed } = Promise.withResolvers<never>();
  const flowing: Promise<void>[] = [];
  const complete: Promise<void>[] = [];
  const connections = Array.from({ length: count }, (_, serial) => {
    const flow = Promise.withResolvers<void>();
    const completion = Promise.withResolvers<void>();
    flowing.push(flow.promise);
    complete.push(completion.promise);
    const firstPiece = Math.floor((serial * metainfo.pieceCount) / count);
    const plan = {
      ...spec,
      metainfo,
      requests,
      serial,
      firstBlock: Math.ceil(firstPiece * blocksPerPiece),
      ...(spec.load === "one-pass"
        ? { blocksMax: requests.blockCount, isSampled: () => true }
        : {
            blocksMax: Number.POSITIVE_INFINITY,
            isSampled: (piece: number) => piece % SAMPLED_EVERY === serial % SAMPLED_EVERY,
          }),
    };
    return new LoadConnection(plan, {
      flowing: flow.resolve,
      complete: completion.resolve,
      failed,
    });
  });
  return {
    connections,
    flowing: Promise.all(flowing),
    complete: Promise.all(complete),
    failure,
  };
}

function readingOf(spec: LoadSpec, connections: readonly LoadConnection[]): Reading {
  return {
    atMs: performance.now(),
    receivedBytes: connections.reduce((sum, each) => sum + each.receivedBytes, 0),
    server: cpuSeconds(spec.serverPid),
    load: process.cpuUsage(),
    machine: machineCpuSeconds(),
  };
}

async function measure(spec: LoadSpec, metainfo: Metainfo): Promise<Measured> {
  const load = start(spec, metainfo);
  const { connections, failure } = load;
  let before = readingOf(spec, connections);
  const slow = delay(FLOW_MS_MAX, undefined, { ref: false }).then(() => {
    throw new BenchError(`not every connection got a block in ${FLOW_MS_MAX} ms`);
  });
  await Promise.race([load.flowing, failure, slow]);
  if (spec.load === "one-pass") await Promise.race([load.complete, failure]);
  else {
    await Promise.race([delay(SETTLE_MS), failure]);
    before = readingOf(spec, connections);
    await Promise.race([delay(spec.load.seconds * 1_000), failure]);
  }
  const after = readingOf(spec, connections);
  const serverResidentBytes = residentBytes(spec.serverPid);
  const verified = connections.reduce((sum, each) => sum + each.verifiedCount, 0);
  for (const connection of connections) connection.close();
  return { ...difference(before, after), serverResidentBytes, verifiedPieces: verified };
}

function difference(
  before: Reading,
  after: Reading,
): Omit<Measured, "serverResidentBytes" | "verifiedPieces"> {
  const user = after.server.user - before.server.user;
  const system = after.server.system - before.server.system;
  const loadMicroseconds =
    after.load.user + after.load.system - before.load.user - before.load.system;
  const loadCpuSeconds = loadMicroseconds / 1_000_000;
  const machine = after.machine - before.machine;
  return {
    receivedBytes: after.receivedBytes - before.receivedBytes,
    wallSeconds: (after.atMs - before.atMs) / 1_000,
    serverCpuSeconds: { user, system },
    loadCpuSeconds,
    otherCpuSeconds: Math.max(0, machine - user - system - loadCpuSeconds),
  };
}

/** Fails on a figure that says nothing. */
function checked(measured: Measured): Measured {
  if (measured.verifiedPieces === 0) throw new BenchError("no piece could be verified");
  const { user, system } = measured.serverCpuSeconds;
  if (measured.receivedBytes > 0 && user + system > 0) return measured;
  throw new BenchError("the window was too short to measure anything");
}

async function main(): Promise<void> {
  const spec: LoadSpec = JSON.parse(process.argv[2] ?? "null");
  const metainfo = parseMetainfo(readFileSync(spec.torrentFile));
  if (metainfo.kind !== "metainfo") throw new BenchError(`${spec.torrentFile} is no .torrent`);
  const measured = checked(await measure(spec, metainfo));
  process.stdout.write(`${JSON.stringify({ event: "measured", ...measured })}\n`);
}

/** One run of load against one seeder, in a process of its own so that it has a core of its own. */
await main().catch((error: unknown) => {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
