import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openCatalog } from "@seedfleet/fleet";
import { silentTelemetry } from "@seedfleet/telemetry";
import { BenchError } from "../bench-error.ts";
import { type ContentFile, makeContentFile } from "../content-file.ts";
import { busTraffic, trafficSince } from "../fleet/bus-traffic.ts";
import { type FleetNats, openBus, startFleetNats } from "../fleet/fleet-nats.ts";
import { startGateway, startService } from "../fleet/fleet-service.ts";
import { publishFile } from "../fleet/publish-file.ts";
import { tallySubjects } from "../fleet/subject-tally.ts";
import { type LoadTarget, readEverything, runLoad } from "../load/run-load.ts";
import { thisMachine } from "../machine.ts";
import { progress, runBench } from "../run-bench.ts";
import { BUS_COST_USAGE, type BusCostOptions, parseBusCostOptions } from "./bus-cost-options.ts";
import { type BusCostRun, busCostFigures, busCostTable } from "./bus-cost-report.ts";

const MIB = 1024 * 1024;

const ID = "bench";

/** Beyond the content, so that no piece ever has to go. */
const CACHE_ROOM_BYTES = 256 * MIB;

/** As a GiB is cut by default. */
const PIECE_LENGTH_BYTES = MIB;

type Fleet = { readonly nats: FleetNats; readonly target: LoadTarget };

/**
 * `bench bus-cost`: all five services as processes on a real nats-server, which counts what they
 * publish and what it delivers to them; the benchmark's own connection is closed by then.
 */
export async function busCostBench(args: readonly string[]): Promise<void> {
  const options = parseBusCostOptions(args);
  if (options === "help") return void process.stdout.write(BUS_COST_USAGE);
  await runBench((running) => run(options, running));
}

async function run(options: BusCostOptions, running: AsyncDisposableStack): Promise<void> {
  const { connections, runs, seconds, sizeMib, pipeline, loadProcesses: processes } = options;
  progress(`making ${sizeMib} MiB of content`);
  const content = await makeContentFile(options, running);
  const fleet = await startFleet(options, content, running);
  progress("warming the gateway");
  await readEverything({ ...fleet.target, sizeBytes: content.sizeBytes }, options, running);
  const serving: BusCostRun[] = [];
  const idle: BusCostRun[] = [];
  for (let at = 1; at <= runs; at += 1) {
    progress(`run ${at}/${runs}: serving`);
    serving.push(await measureServing(fleet, options, running));
    progress(`run ${at}/${runs}: idle`);
    idle.push(await measureIdle(fleet, options));
  }
  progress("counting what messages are for");
  const tally = await tallySubjects(fleet.nats, running);
  await measureServing(fleet, options, running);
  const report = {
    bench: "bus-cost" as const,
    at: new Date().toISOString(),
    machine: thisMachine(),
    content: { sizeBytes: content.sizeBytes },
    load: { connections, runs, seconds, pipeline, processes },
    figures: busCostFigures(serving, idle),
    serving,
    idle,
    uses: Object.fromEntries(await tally()),
  };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : busCostTable(report));
}

/** The whole fleet with the content published, each service a process of its own. */
async function startFleet(
  { connections }: BusCostOptions,
  { directory, contentFile, sizeBytes }: ContentFile,
  running: AsyncDisposableStack,
): Promise<Fleet> {
  progress("starting nats-server and five services");
  const nats = await startFleetNats(directory, running);
  const settings = { nats, id: ID };
  const store = {
    SEEDFLEET_PIECE_STORE_ROOTS: contentFile,
    // A store may check its content in the background; that costs no messages, only time.
    SEEDFLEET_PIECE_STORE_SCRUB_BYTES_PER_SECOND: "0",
  };
  await startService("piece-store", { ...settings, env: store }, running);
  await startService("choking-scheduler", settings, running);
  await startService("tracker", { ...settings, env: { SEEDFLEET_TRACKER_PORT: "0" } }, running);
  await startService("console", { ...settings, env: { SEEDFLEET_CONSOLE_PORT: "0" } }, running);
  const env = {
    SEEDFLEET_GATEWAY_CACHE_BYTES: String(sizeBytes + CACHE_ROOM_BYTES),
    SEEDFLEET_GATEWAY_UNCHOKE_SLOTS: String(connections + 1),
  };
  const gateway = await startGateway({ ...settings, env, peersMax: connections + 16 }, running);
  const torrentFile = join(directory, "content.torrent");
  await writeFile(torrentFile, await publish(nats, contentFile));
  return { nats, target: { ...gateway, name: "the gateway", torrentFile } };
}

/** Publishes the content, and gives its metainfo. Leaves no connection behind. */
async function publish(nats: FleetNats, contentFile: string): Promise<Uint8Array> {
  await using stack = new AsyncDisposableStack();
  const bus = await openBus(nats, stack);
  const publication = { holder: ID, contentFile, pieceLengthBytes: PIECE_LENGTH_BYTES };
  const infoHash = await publishFile(bus, publication);
  const metainfo = await (await openCatalog(bus, silentTelemetry.log)).metainfo(infoHash);
  if (metainfo === null) throw new BenchError(`${contentFile} is not in the catalog`);
  return metainfo;
}

/** Messages from before the peers connect until all have measured, and the rate meanwhile. */
async function measureServing(
  { nats, target }: Fleet,
  { connections, seconds, pipeline, loadProcesses: processes }: BusCostOptions,
  running: AsyncDisposableStack,
): Promise<BusCostRun> {
  const plan = { connections, seconds, pipeline, processes, order: { kind: "in-order" } } as const;
  const close = await openWindow(nats);
  const { receivedBytes, wallSeconds } = await runLoad(target, plan, running);
  return await close(receivedBytes / wallSeconds);
}

async function measureIdle({ nats }: Fleet, { seconds }: BusCostOptions): Promise<BusCostRun> {
  const close = await openWindow(nats);
  await delay(seconds * 1_000);
  return await close(0);
}

async function openWindow(
  nats: FleetNats,
): Promise<(servedBytesPerSecond: number) => Promise<BusCostRun>> {
  const before = await busTraffic(nats);
  const beganMs = performance.now();
  return async (servedBytesPerSecond) => {
    const since = trafficSince(before, await busTraffic(nats));
    const seconds = (performance.now() - beganMs) / 1_000;
    const services = since.entries().map(([name, traffic]) => ({ name, ...traffic }));
    const ours = services.filter(({ name }) => name.endsWith(`-${ID}`));
    return { seconds, servedBytesPerSecond, services: [...ours] };
  };
}
