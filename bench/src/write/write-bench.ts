import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { realPart } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import { startStoreOverNats } from "../fleet/store-over-nats.ts";
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
const MIB = 1024 * 1024;

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

/** A piece-store process that keeps managed content. */
async function startStore(root: string, running: AsyncDisposableStack): Promise<WriteStore> {
  const env = { SEEDFLEET_PIECE_STORE_MANAGED_ROOT: join(root, "nats") };
  const { url, natsPid, storePid } = await startStoreOverNats(root, env, running);
  return { bus: "nats", url, natsPid, storePid };
}
