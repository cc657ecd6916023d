import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { watchPresence } from "@seedfleet/fleet";
import { systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { realPart, startNatsServer } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import { thisMachine } from "../machine.ts";
import { progress, runBench } from "../run-bench.ts";
import {
  parseWriteOptions,
  WRITE_USAGE,
  type WriteBus,
  type WriteOptions,
} from "./write-options.ts";
import { type WriteRuns, writeFigures, writeHeading, writeTable } from "./write-report.ts";
import type { WriteSpec, WriteStore, Written } from "./write-spec.ts";

const WRITING = fileURLToPath(new URL("writing.ts", import.meta.url));
const PIECE_STORE = fileURLToPath(
  new URL("../../../apps/piece-store/src/main.ts", import.meta.url),
);
const MIB = 1024 * 1024;
const HOLDER = "bench";

const READY_MS_MAX = 30_000;

/** What a measurement may take besides its gigabytes, and for each MiB of them on a slow disk. */
const WRITE_MS_MAX = 60_000;
const WRITE_MS_MAX_PER_MIB = 100;

/** `bench write`: a new offerer for each run; buses and lengths of pieces in turn. */
export async function writeBench(args: readonly string[]): Promise<void> {
  const options = parseWriteOptions(args);
  if (options === "help") return void process.stdout.write(WRITE_USAGE);
  const { missing } = realPart("nats-server");
  if (options.buses.includes("nats") && missing !== undefined) throw new BenchError(missing);
  await runBench((running) => run(options, running));
}

async function run(options: WriteOptions, running: AsyncDisposableStack): Promise<void> {
  const { buses, directory, json, piecesKib, runs } = options;
  const machine = thisMachine();
  const at = new Date().toISOString();
  if (!json) process.stdout.write(`${writeHeading(machine, { ...options, at })}\n`);
  const root = await mkdtemp(join(directory ?? tmpdir(), "seedfleet-write-"));
  running.defer(() => rm(root, { recursive: true, force: true }));
  const stores = new Map<WriteBus, WriteStore>();
  for (const bus of buses) {
    const embedded = { bus: "embedded" as const, root: join(root, "embedded") };
    stores.set(bus, bus === "nats" ? await startStore(root, running) : embedded);
  }
  const measured = [...stores].flatMap(([bus, store]) =>
    piecesKib.map((pieceKib) => ({ bus, store, pieceKib, runs: [] as Written[] })),
  );
  for (let count = 1; count <= runs; count += 1) {
    for (const { bus, store, pieceKib, runs: done } of measured) {
      const written = await write({ store, pieceKib }, options, running);
      done.push(written);
      const mbPerSecond = written.writtenBytes / 1e6 / written.wallSeconds;
      progress(`run ${count}/${runs}: ${bus}, ${pieceKib} KiB, ${mbPerSecond.toFixed(0)} MB/s`);
    }
  }
  const figures = writeFigures(
    measured.map(({ bus, pieceKib, runs: done }): WriteRuns => ({ bus, pieceKib, runs: done })),
  );
  const report = { bench: "write", at, machine, load: options, figures };
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : writeTable(figures));
}

async function write(
  { store, pieceKib }: { readonly store: WriteStore; readonly pieceKib: number },
  { sizeMib, piecesAtOnce }: WriteOptions,
  running: AsyncDisposableStack,
): Promise<Written> {
  const sizeBytes = sizeMib * MIB;
  const spec: WriteSpec = { store, sizeBytes, piecesAtOnce, pieceLengthBytes: pieceKib * 1024 };
  const command = {
    name: `write over ${store.bus}`,
    program: process.execPath,
    args: [WRITING, JSON.stringify(spec)],
  };
  await using writing = BenchProcess.start(command, running);
  return (await writing.event("written", WRITE_MS_MAX + sizeMib * WRITE_MS_MAX_PER_MIB)) as Written;
}

/** A real nats-server, and on it a piece-store process that keeps managed content. */
async function startStore(root: string, running: AsyncDisposableStack): Promise<WriteStore> {
  const pidFile = join(root, "nats.pid");
  const nats = await startNatsServer(["-P", pidFile]);
  running.defer(() => nats.stop());
  const account = { servers: [nats.url], user: null, password: null, token: null };
  const ports = { clock: systemClock, telemetry: silentTelemetry };
  const bus = await connectBus(account, { ...ports, name: "bench" });
  running.defer(() => bus.close());
  const presence = watchPresence({ bus, clock: systemClock }, ["piece-store"]);
  const command = {
    name: "piece-store",
    program: process.execPath,
    args: [PIECE_STORE],
    env: {
      SEEDFLEET_ID: HOLDER,
      SEEDFLEET_LOG_LEVEL: "warn",
      SEEDFLEET_NATS_URL: nats.url,
      SEEDFLEET_PIECE_STORE_MANAGED_ROOT: join(root, "nats"),
      SEEDFLEET_PIECE_STORE_SCRUB_BYTES_PER_SECOND: "0",
    },
  };
  const store = BenchProcess.start(command, running);
  await Promise.race([presence.first("piece-store"), store.event("ready", READY_MS_MAX)]);
  presence.stop();
  const natsPid = Number(await readFile(pidFile, "utf8"));
  return { bus: "nats", url: nats.url, natsPid, storePid: store.pid };
}
