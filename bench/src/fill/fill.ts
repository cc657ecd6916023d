import { BenchError } from "../bench-error.ts";
import { type CpuSeconds, cpuSeconds, machineCpuSeconds, residentBytes } from "../process-usage.ts";
import type { Filled, FillSpec, StoreSpec } from "./fill-spec.ts";
import { openFiller } from "./open-filler.ts";

/** The share of the content that is filled before anything is measured, to have code compiled. */
const WARM_UP_SHARE = 0.5;

type Reading = {
  readonly atMs: number;
  readonly gateway: CpuSeconds;
  readonly nats: CpuSeconds | null;
  readonly store: CpuSeconds | null;
  readonly machine: number;
};

function readingOf(store: StoreSpec): Reading {
  const isNats = store.bus === "nats";
  return {
    atMs: performance.now(),
    gateway: cpuSeconds(process.pid),
    nats: isNats ? cpuSeconds(store.natsPid) : null,
    store: isNats ? cpuSeconds(store.storePid) : null,
    machine: machineCpuSeconds(),
  };
}

async function measure({ store, ...config }: FillSpec): Promise<Filled> {
  await using running = new AsyncDisposableStack();
  const filler = await openFiller(store, config, running);
  running.defer(() => filler.stop());
  await filler.fill(WARM_UP_SHARE);
  const before = readingOf(store);
  const filledBytes = await filler.fill(1);
  const used = difference(before, readingOf(store));
  return {
    filledBytes,
    ...used,
    gatewayResidentBytes: residentBytes(process.pid),
  };
}

function difference(
  before: Reading,
  after: Reading,
): Omit<Filled, "filledBytes" | "gatewayResidentBytes"> {
  const gatewayCpuSeconds = minus(after.gateway, before.gateway);
  const natsCpuSeconds = minusOrNull(after.nats, before.nats);
  const storeCpuSeconds = minusOrNull(after.store, before.store);
  const ours = [gatewayCpuSeconds, natsCpuSeconds, storeCpuSeconds].reduce(
    (sum, cpu) => sum + (cpu === null ? 0 : cpu.user + cpu.system),
    0,
  );
  return {
    wallSeconds: (after.atMs - before.atMs) / 1_000,
    gatewayCpuSeconds,
    natsCpuSeconds,
    storeCpuSeconds,
    otherCpuSeconds: Math.max(0, after.machine - before.machine - ours),
  };
}

function minus(after: CpuSeconds, before: CpuSeconds): CpuSeconds {
  return { user: after.user - before.user, system: after.system - before.system };
}

function minusOrNull(after: CpuSeconds | null, before: CpuSeconds | null): CpuSeconds | null {
  return after === null || before === null ? null : minus(after, before);
}

async function main(): Promise<void> {
  const filled = await measure(JSON.parse(process.argv[2] ?? "null"));
  process.stdout.write(`${JSON.stringify({ event: "filled", ...filled })}\n`);
}

/** One measurement: the gateway's end of a bus and its fills, in a process of their own. */
await main().catch((error: unknown) => {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
