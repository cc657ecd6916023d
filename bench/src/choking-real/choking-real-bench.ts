import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Bus } from "@seedfleet/bus";
import { type InfoHash, peerIdFromBytes } from "@seedfleet/bytes";
import { explainPeer } from "@seedfleet/fleet";
import { realPart } from "@seedfleet/testkit";
import { freePort } from "../admin-port.ts";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import { makeContentFile } from "../content-file.ts";
import { type FleetNats, openBus, startFleetNats } from "../fleet/fleet-nats.ts";
import { startGateway, startService } from "../fleet/fleet-service.ts";
import { publishFile } from "../fleet/publish-file.ts";
import { thisMachine } from "../machine.ts";
import { progress, runBench } from "../run-bench.ts";
import {
  CHOKING_REAL_USAGE,
  type ChokingRealOptions,
  parseChokingRealOptions,
} from "./choking-real-options.ts";
import { chokingRealText, classFigures, type LeecherFigures } from "./choking-real-report.ts";
import { SlotTimeline } from "./slot-timeline.ts";

const GATEWAYS = ["gw-1", "gw-2"];
const HOST = "127.0.0.1";
const PIECE_LENGTH_BYTES = 256 * 1024;

/** Gateways are asked so often; it is a step of the timeline unless the run is long. */
const ASK_EVERY_MS = 1_000;

/** As many steps as a line of the table has room for. */
const STEPS_MAX = 80;

const DOWNLOAD_MS_MAX = 900_000;
const LEECHER_START_MS_MAX = 60_000;

type Leecher = {
  readonly name: string;
  readonly uploadBytesPerSecond: number;
  /** What its peer id begins with. */
  readonly fingerprint: string;
  readonly process: BenchProcess;
};

/** `bench choking-real`: libtorrent leechers at two gateways, and who was unchoked when. */
export async function chokingRealBench(args: readonly string[]): Promise<void> {
  const options = parseChokingRealOptions(args);
  if (options === "help") return void process.stdout.write(CHOKING_REAL_USAGE);
  await runBench((running) => run(options, running));
}

async function run(options: ChokingRealOptions, running: AsyncDisposableStack): Promise<void> {
  const { sizeMib, slots, gatewayBytesPerSecond, json } = options;
  const python = realPart("python3-libtorrent");
  if (python.missing !== undefined) throw new BenchError(python.missing);
  progress("starting the fleet");
  const content = await makeContentFile({ sizeMib }, running);
  const nats = await startFleetNats(content.directory, running);
  const bus = await openBus(nats, running);
  const { torrentFile, infoHash } = await startFleet({ nats, bus, content, options }, running);
  progress("starting the leechers");
  const leechers = startLeechers({ ...options, torrentFile, python: python.path }, running);
  await Promise.all(leechers.map((each) => each.process.event("listening", LEECHER_START_MS_MAX)));
  const timeline = new SlotTimeline(GATEWAYS, (peerId) => leecherOf(leechers, peerId));
  const seconds = await watch({ bus, infoHash, leechers, timeline });
  const stepSeconds = Math.max(1, Math.ceil(seconds / STEPS_MAX));
  const figures = await Promise.all(
    leechers.map((each) => figuresOf(each, timeline.lineOf(each.name, stepSeconds))),
  );
  const report = {
    ...{ at: new Date().toISOString(), machine: thisMachine(), sizeMib, slots },
    ...{ gateways: GATEWAYS.length, gatewayBytesPerSecond, stepSeconds },
    ...{ tally: timeline.tally(), leechers: figures },
  };
  const told = { bench: "choking-real" as const, ...report, classes: classFigures(figures) };
  process.stdout.write(json ? `${JSON.stringify(told)}\n` : chokingRealText(report));
}

type Fleet = {
  readonly torrentFile: string;
  readonly infoHash: InfoHash;
};

/** All services as processes of their own, with the content published. */
async function startFleet(
  place: {
    readonly nats: FleetNats;
    readonly bus: Bus;
    readonly content: { readonly directory: string; readonly contentFile: string };
    readonly options: ChokingRealOptions;
  },
  running: AsyncDisposableStack,
): Promise<Fleet> {
  const { nats, bus, content, options } = place;
  const [trackerPort, consolePort] = [await freePort(), await freePort()];
  const at = (service: string, port: number) => ({
    [`SEEDFLEET_${service}_HOST`]: HOST,
    [`SEEDFLEET_${service}_PORT`]: String(port),
  });
  const roots = { SEEDFLEET_PIECE_STORE_ROOTS: content.directory };
  await startService("piece-store", { nats, id: "store", env: roots }, running);
  await startService("choking-scheduler", { nats, id: "scheduler" }, running);
  await startService("tracker", { nats, id: "tracker", env: at("TRACKER", trackerPort) }, running);
  await startService("console", { nats, id: "console", env: at("CONSOLE", consolePort) }, running);
  const env = {
    SEEDFLEET_GATEWAY_UNCHOKE_SLOTS: String(options.slots),
    SEEDFLEET_GATEWAY_UPLOAD_BYTES_PER_SECOND: String(options.gatewayBytesPerSecond),
  };
  for (const id of GATEWAYS) await startGateway({ nats, id, env, peersMax: 256 }, running);
  const { contentFile, directory } = content;
  const infoHash = await publishFile(bus, {
    ...{ holder: "store", contentFile, pieceLengthBytes: PIECE_LENGTH_BYTES },
    // libtorrent closes some connections of a hybrid at first, and comes again half a minute later.
    version: "v1",
  });
  const torrentFile = join(directory, "content.torrent");
  const response = await fetch(`http://${HOST}:${consolePort}/torrents/${infoHash}.torrent`);
  if (!response.ok) throw new BenchError(`the console has no .torrent: ${response.status}`);
  await writeFile(torrentFile, await response.bytes());
  return { torrentFile, infoHash };
}

function startLeechers(
  options: ChokingRealOptions & { readonly torrentFile: string; readonly python: string },
  running: AsyncDisposableStack,
): readonly Leecher[] {
  const { torrentFile, python, each } = options;
  const script = join(import.meta.dirname, "leecher.py");
  return options.uploadBytesPerSecond.flatMap((uploadBytesPerSecond, of) =>
    Array.from({ length: each }, (_, at) => {
      const name = `${uploadBytesPerSecond / 1_000}-${at + 1}`;
      const fingerprint = `-LE${of}${at}00-`;
      const told = {
        ...{ torrent: torrentFile, savePath: `${torrentFile}.${name}`, fingerprint },
        bytesPerSecond: uploadBytesPerSecond,
      };
      const command = { name, program: python, args: [script, JSON.stringify(told)] };
      const leecher = BenchProcess.start(command, running);
      return { name, uploadBytesPerSecond, fingerprint, process: leecher };
    }),
  );
}

/** Asks the gateways every second until all leechers have all of it; gives how long it took. */
async function watch({
  bus,
  infoHash,
  leechers,
  timeline,
}: {
  readonly bus: Bus;
  readonly infoHash: InfoHash;
  readonly leechers: readonly Leecher[];
  readonly timeline: SlotTimeline;
}): Promise<number> {
  const finished = leechers.map(async ({ name, process: leecher }) => {
    await leecher.event("finished", DOWNLOAD_MS_MAX);
    progress(`${name} is done`);
  });
  let isOver = false;
  const all = Promise.all(finished).finally(() => {
    isOver = true;
  });
  const beganMs = performance.now();
  const passed = (): number => (performance.now() - beganMs) / 1_000;
  const peer = { kind: "address", host: HOST, port: null } as const;
  while (!isOver) {
    const { connections } = await explainPeer(bus, GATEWAYS, { peer, infoHash });
    timeline.add(passed(), connections);
    await Promise.race([all, delay(ASK_EVERY_MS)]);
  }
  await all;
  return passed();
}

function leecherOf(leechers: readonly Leecher[], peerId: string): string | null {
  const found = leechers.find(({ fingerprint }) => {
    const id = peerIdFromBytes(Buffer.from(fingerprint.padEnd(20, "\0"), "latin1"));
    return peerId.startsWith(id.slice(0, 2 * fingerprint.length));
  });
  return found?.name ?? null;
}

async function figuresOf(
  { name, uploadBytesPerSecond, process: leecher }: Leecher,
  timeline: string,
): Promise<LeecherFigures> {
  const told = await leecher.event("finished", DOWNLOAD_MS_MAX);
  const { seconds: finishedSeconds, fromGatewaysBytes } = told as Finished;
  return { name, uploadBytesPerSecond, finishedSeconds, fromGatewaysBytes, timeline };
}

type Finished = { readonly seconds: number; readonly fromGatewaysBytes: number };
