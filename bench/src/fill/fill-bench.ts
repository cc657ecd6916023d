import { fileURLToPath } from "node:url";
import { realPart } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import { thisMachine } from "../machine.ts";
import { progress, runBench } from "../run-bench.ts";
import { type FillContent, makeFillContent } from "./fill-content.ts";
import { FILL_USAGE, type FillBus, type FillOptions, parseFillOptions } from "./fill-options.ts";
import { type BusRuns, fillFigures, fillHeading, fillTable, mbPerSecond } from "./fill-report.ts";
import type { Filled, FillSpec, StoreSpec } from "./fill-spec.ts";
import { startStore } from "./start-store.ts";

const FILL = fileURLToPath(new URL("fill.ts", import.meta.url));
const MIB = 1024 * 1024;

/** What a measurement may take besides its gigabytes: it starts and perhaps hashes. */
const FILL_MS_MAX = 60_000;
const FILL_MS_MAX_PER_MIB = 60;

/**
 * `bench fill`: one piece-store for all runs over NATS, and a new gateway's end for each run; the
 * buses in turn, so that a disturbance of the machine meets both.
 */
export async function fillBench(args: readonly string[]): Promise<void> {
  const options = parseFillOptions(args);
  if (options === "help") return void process.stdout.write(FILL_USAGE);
  const { missing } = realPart("nats-server");
  if (options.buses.includes("nats") && missing !== undefined) throw new BenchError(missing);
  await runBench((running) => run(options, running));
}

async function run(options: FillOptions, running: AsyncDisposableStack): Promise<void> {
  const { runs, sizeMib, pieceKib, cacheMib, piecesAtOnce, json } = options;
  const machine = thisMachine();
  const head = {
    bench: "fill" as const,
    at: new Date().toISOString(),
    machine,
    content: { sizeBytes: sizeMib * MIB, pieceLengthBytes: pieceKib * 1024 },
    load: { runs, piecesAtOnce, cacheBytes: cacheMib * MIB },
  };
  if (!json) process.stdout.write(`${fillHeading(head)}\n`);
  progress(`making ${sizeMib} MiB of content`);
  const content = await makeFillContent(options, running);
  const stores = await startStores(options, content, running);
  const measured = await measureInTurn(stores, options, running);
  const figures = fillFigures(measured, machine);
  process.stdout.write(json ? `${JSON.stringify({ ...head, figures })}\n` : fillTable(figures));
}

async function startStores(
  { buses }: FillOptions,
  content: FillContent,
  running: AsyncDisposableStack,
): Promise<ReadonlyMap<FillBus, StoreSpec>> {
  const stores = new Map<FillBus, StoreSpec>();
  const { contentFile, pieceLengthBytes } = content;
  for (const bus of buses) {
    if (bus === "nats") progress("starting nats-server and a piece-store");
    const embedded = { bus: "embedded" as const, contentFile, pieceLengthBytes };
    stores.set(bus, bus === "nats" ? await startStore(content, running) : embedded);
  }
  return stores;
}

async function measureInTurn(
  stores: ReadonlyMap<FillBus, StoreSpec>,
  { runs, cacheMib, piecesAtOnce, sizeMib }: FillOptions,
  running: AsyncDisposableStack,
): Promise<readonly BusRuns[]> {
  const measured = [...stores].map(([bus, store]) => ({ bus, store, runs: [] as Filled[] }));
  const timeoutMs = FILL_MS_MAX + sizeMib * FILL_MS_MAX_PER_MIB;
  for (let run = 1; run <= runs; run += 1) {
    for (const { bus, store, runs: ofBus } of measured) {
      const spec: FillSpec = { store, cacheBytes: cacheMib * MIB, piecesAtOnce };
      const filled = await fill(spec, timeoutMs, running);
      ofBus.push(filled);
      progress(`run ${run}/${runs}: ${bus} ${mbPerSecond(filled).toFixed(0)} MB/s`);
    }
  }
  return measured.map(({ bus, runs: ofBus }) => ({ bus, runs: ofBus }));
}

async function fill(
  spec: FillSpec,
  timeoutMs: number,
  running: AsyncDisposableStack,
): Promise<Filled> {
  const args = [FILL, JSON.stringify(spec)];
  const command = { name: `fill over ${spec.store.bus}`, program: process.execPath, args };
  await using filling = BenchProcess.start(command, running);
  const told = await filling.event("filled", timeoutMs);
  return told as Filled;
}
