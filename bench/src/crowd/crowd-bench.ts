import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { InfoHash } from "@seedfleet/bytes";
import { DEFAULT_TORRENT_OPTIONS } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { silentTelemetry } from "@seedfleet/telemetry";
import { metricIn, readMetrics } from "../admin-port.ts";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import { makeDirectory } from "../content-file.ts";
import { type FleetNats, openBus, startFleetNats } from "../fleet/fleet-nats.ts";
import { type FleetGateway, startGateway } from "../fleet/fleet-service.ts";
import { makeSmallFiles, publishAll } from "../fleet/small-files.ts";
import { thisMachine } from "../machine.ts";
import { residentBytes } from "../process-usage.ts";
import { progress, runBench } from "../run-bench.ts";
import { roundsOf, type Wave } from "./choke-waves.ts";
import { CROWD_USAGE, type CrowdOptions, parseCrowdOptions } from "./crowd-options.ts";
import { type CrowdRun, crowdFigures, crowdTable, type MeasuredRound } from "./crowd-report.ts";
import { CrowdScheduler } from "./crowd-scheduler.ts";
import { CROWD_ORDERS, type CrowdReported, type CrowdSpec } from "./crowd-spec.ts";
import { checkOpenFiles } from "./open-files.ts";

const CROWD_LOAD = fileURLToPath(new URL("crowd-load.ts", import.meta.url));

/** One block: nobody asks for it. */
const FILE_BYTES = 16 * 1024;

/** A gateway takes some time for each, and a busy machine some more. */
const CONNECT_MS_MAX = 600_000;
const ORDER_MS_MAX = 30_000;

/** A fresh gateway has done by then what it does at its start. */
const FRESH_MS = 5_000;

/** The last messages of a round are with the peers well before. */
const LAST_WAVE_MS = 3_000;

type Crowd = {
  readonly options: CrowdOptions;
  readonly nats: FleetNats;
  readonly infoHashes: readonly InfoHash[];
  readonly scheduler: CrowdScheduler;
};

/**
 * `bench crowd`: a gateway on a real nats-server, and very many peers that want and do not get. The
 * benchmark itself is the fleet's scheduler, so that it can have every peer turned over in a round.
 */
export async function crowdBench(args: readonly string[]): Promise<void> {
  const options = parseCrowdOptions(args);
  if (options === "help") return void process.stdout.write(CROWD_USAGE);
  await runBench((running) => run(options, running));
}

async function run(options: CrowdOptions, running: AsyncDisposableStack): Promise<void> {
  const { peers, torrents, slots, runs, rounds, settleSeconds, loadProcesses } = options;
  checkOpenFiles(peers);
  const crowd = await openCrowd(options, running);
  const measured: CrowdRun[] = [];
  for (let at = 1; at <= runs; at += 1) {
    progress(`gateway ${at}/${runs}: connecting ${peers} peers`);
    const each = await measureGateway(crowd, running);
    const sent = each.rounds.map(({ sentMs }) => sentMs.toFixed(0)).join(", ");
    progress(`gateway ${at}/${runs}: rounds sent in ${sent} ms`);
    measured.push(each);
  }
  const report = {
    bench: "crowd" as const,
    at: new Date().toISOString(),
    machine: thisMachine(),
    crowd: { peers, torrents, slots },
    load: { runs, rounds, settleSeconds, processes: loadProcesses },
    figures: crowdFigures(measured, peers),
  };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : crowdTable(report));
}

/** The fleet without its gateway: a bus, a catalog with the torrents, and the scheduler. */
async function openCrowd(options: CrowdOptions, running: AsyncDisposableStack): Promise<Crowd> {
  const { torrents } = options;
  const nats = await startFleetNats(await makeDirectory(running), running);
  const bus = await openBus(nats, running);
  const files = running.use(await makeSmallFiles(torrents, FILE_BYTES));
  await publishAll(bus, files, { options: DEFAULT_TORRENT_OPTIONS });
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const infoHashes = (await catalog.list()).map(({ infoHash }) => infoHash);
  const scheduler = running.use(new CrowdScheduler(bus, torrents));
  return { options, nats, infoHashes, scheduler };
}

async function measureGateway(crowd: Crowd, running: AsyncDisposableStack): Promise<CrowdRun> {
  const { options, nats } = crowd;
  await using stack = new AsyncDisposableStack();
  const gateway = stack.use(
    await startGateway(
      {
        ...{ nats, id: "bench-gateway", peersMax: options.peers + 64 },
        env: { SEEDFLEET_GATEWAY_UNCHOKE_SLOTS: String(options.slots) },
      },
      running,
    ),
  );
  await delay(FRESH_MS);
  const before = residentBytes(gateway.pid);
  const beganMs = performance.now();
  const loads = startLoads(crowd, gateway, running).map((load) => stack.use(load));
  await Promise.all(loads.map((load) => load.event("connected", CONNECT_MS_MAX)));
  const connectSeconds = (performance.now() - beganMs) / 1_000;
  await delay(options.settleSeconds * 1_000);
  await checkPeers(gateway, options);
  const withPeers = residentBytes(gateway.pid);
  const rounds = await measureRounds(crowd, loads);
  await checkPeers(gateway, options);
  return { connectSeconds, before, withPeers, rounds };
}

function startLoads(
  { options, infoHashes }: Crowd,
  { host, port }: FleetGateway,
  running: AsyncDisposableStack,
): readonly BenchProcess[] {
  const { peers, loadProcesses: shares } = options;
  return Array.from({ length: Math.min(shares, peers) }, (_, share) => {
    const spec: CrowdSpec = { host, port, infoHashes, peers, share, shares };
    const args = [CROWD_LOAD, JSON.stringify(spec)];
    return BenchProcess.start({ name: "crowd", program: process.execPath, args }, running);
  });
}

/** The rounds of one gateway. One that does not change every peer ends the benchmark. */
async function measureRounds(
  { options, infoHashes, scheduler }: Crowd,
  loads: readonly BenchProcess[],
): Promise<readonly MeasuredRound[]> {
  await order(loads, "record");
  const decidedMs = await scheduler.turn(options.rounds);
  await delay(LAST_WAVE_MS);
  const reported = await order(loads, "report");
  const waves = reported.map((told): readonly Wave[] => (told as CrowdReported).waves);
  const rounds = roundsOf(waves);
  if (rounds.length !== options.rounds) {
    throw new BenchError(`peers saw ${rounds.length} rounds, not ${options.rounds}`);
  }
  return rounds.map(({ chokes, unchokes, sentMs, lastMs }, at) => {
    if (chokes + unchokes !== options.peers) {
      throw new BenchError(`round ${at + 1} changed ${chokes + unchokes} peers`);
    }
    const waits = lastMs.entries().map(([torrent, ms]) => {
      const infoHash = infoHashes[torrent];
      const times = infoHash === undefined ? undefined : decidedMs.get(infoHash);
      return ms - (times?.[at] ?? Number.NaN);
    });
    return { chokes, unchokes, sentMs, decidedToLastMs: Math.max(...waits) };
  });
}

async function order(
  loads: readonly BenchProcess[],
  line: keyof typeof CROWD_ORDERS,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  for (const load of loads) load.tell(line);
  return await Promise.all(loads.map((load) => load.event(CROWD_ORDERS[line], ORDER_MS_MAX)));
}

/** Memory of peers that are not there would be little. */
async function checkPeers({ adminPort }: FleetGateway, { peers }: CrowdOptions): Promise<void> {
  const connected = metricIn(await readMetrics(adminPort), "seedfleet_gateway_peers");
  if (connected !== peers) throw new BenchError(`the gateway has ${connected} peers, not ${peers}`);
}
