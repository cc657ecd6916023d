import { fileURLToPath } from "node:url";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import type { LoadOrder, LoadSpec } from "./load-spec.ts";
import { combined, type LoadWindow, type Measured } from "./measured.ts";

const LOAD = fileURLToPath(new URL("load.ts", import.meta.url));

/** What a load process may take to have its connections flow: it reads, connects and waits. */
const FLOW_MS_MAX = 60_000;

/** What a load process may take besides the time it measures, for each GB of a whole pass too. */
const LOAD_MS_MAX = 120_000;
const LOAD_MS_MAX_PER_GB = 60_000;

/** Who is to be loaded. */
export type LoadTarget = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly torrentFile: string;
};

export type LoadPlan = {
  readonly connections: number;
  readonly seconds: number;
  readonly pipeline: number;
  readonly order: LoadOrder;
  /** How many processes have the connections among them. */
  readonly processes: number;
  /** What is done once all connections flow, before anybody measures. */
  readonly beforeMeasuring?: () => Promise<void>;
};

export type TargetLoad = { readonly target: LoadTarget; readonly plan: LoadPlan };

/**
 * Loads a server from one process or several, each with its share of the connections. Nobody
 * measures before all connections flow, and all of them flow until everybody has measured.
 */
export async function runLoad(
  target: LoadTarget,
  plan: LoadPlan,
  running: AsyncDisposableStack,
): Promise<Measured> {
  const [measured] = await runLoads([{ target, plan }], running);
  if (measured === undefined) throw new BenchError("nothing was loaded");
  return measured;
}

/** The same of several targets at once, such as torrents of one server; at least one. */
export async function runLoads(
  loads: readonly TargetLoad[],
  running: AsyncDisposableStack,
): Promise<readonly Measured[]> {
  const specs = loads.map(({ target, plan: { connections, seconds, pipeline, ...plan } }) =>
    shareSerials(connections, plan.processes).map((serials) =>
      specOf(target, { pipeline, load: { serials, connections, seconds, order: plan.order } }),
    ),
  );
  const secondsMax = Math.max(...loads.map(({ plan }) => plan.seconds));
  const windows = await measureAll(
    specs.flat(),
    {
      name: loads[0]?.target.name ?? "",
      timeoutMs: secondsMax * 1_000 + LOAD_MS_MAX,
      beforeMeasuring: async () => {
        for (const { plan } of loads) await plan.beforeMeasuring?.();
      },
    },
    running,
  );
  let taken = 0;
  return specs.map(({ length }) => {
    taken += length;
    return combined(windows.slice(taken - length, taken));
  });
}

/** One connection reads everything, in order, and checks every byte of it. */
export async function readEverything(
  target: LoadTarget & { readonly sizeBytes: number },
  { pipeline }: Pick<LoadPlan, "pipeline">,
  running: AsyncDisposableStack,
): Promise<void> {
  const timeoutMs = LOAD_MS_MAX + (target.sizeBytes / 1e9) * LOAD_MS_MAX_PER_GB;
  const spec = specOf(target, { pipeline, load: "one-pass" });
  await measureAll([spec], { name: target.name, timeoutMs }, running);
}

/** Who has which connections: as many each as there can be, and nobody none. */
export function shareSerials(
  connections: number,
  processes: number,
): readonly (readonly number[])[] {
  const serials = Array.from({ length: connections }, (_, serial) => serial);
  return Array.from({ length: Math.min(processes, connections) }, (_, at) =>
    serials.filter((serial) => serial % processes === at),
  );
}

function specOf(
  { torrentFile, host, port, pid }: LoadTarget,
  { pipeline, load }: Pick<LoadSpec, "pipeline" | "load">,
): LoadSpec {
  return { torrentFile, host, port, serverPid: pid, pipeline, load };
}

async function measureAll(
  specs: readonly LoadSpec[],
  {
    name,
    timeoutMs,
    beforeMeasuring = async () => {},
  }: Pick<LoadPlan, "beforeMeasuring"> & { readonly name: string; readonly timeoutMs: number },
  running: AsyncDisposableStack,
): Promise<readonly LoadWindow[]> {
  await using loading = new AsyncDisposableStack();
  const processes = specs.map((spec) => {
    const args = [LOAD, JSON.stringify(spec)];
    const command = { name: `load on ${name}`, program: process.execPath, args };
    return loading.use(BenchProcess.start(command, running));
  });
  await Promise.all(processes.map((each) => each.event("flowing", FLOW_MS_MAX)));
  await beforeMeasuring();
  for (const each of processes) each.tell("measure");
  const measured = processes.map(
    async (each) => (await each.event("measured", timeoutMs)) as LoadWindow,
  );
  return await Promise.all(measured);
}
