import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { manageCall, offeredPieceCall, unmanageCall, writePieceCall } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { pieceStoreConfig, startPieceStore } from "@seedfleet/piece-store/service";
import { loadConfig, systemClock, VERSION } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { startTelemetry } from "@seedfleet/telemetry-otel";
import { BenchError } from "../bench-error.ts";
import { type CpuSeconds, cpuSeconds } from "../process-usage.ts";
import { type GivenTorrent, givenTorrent } from "./given-torrent.ts";
import type { WriteSpec, WriteStore, Written } from "./write-spec.ts";

const HOLDER = "bench";
const OFFERER = "offerer";

/** Over NATS two of them fill a message's usual limit; else a piece is one chunk. */
const CHUNK_BYTES: number = 512 * 1024;

/** What is written before anything is measured, to have code compiled. */
const WARM_UP_BYTES: number = 256 * 1024 * 1024;

type Reading = {
  readonly atMs: number;
  readonly offerer: CpuSeconds;
  readonly nats: CpuSeconds | null;
  readonly store: CpuSeconds | null;
};

function readingOf(store: WriteStore): Reading {
  const isNats = store.bus === "nats";
  return {
    atMs: performance.now(),
    offerer: cpuSeconds(process.pid),
    nats: isNats ? cpuSeconds(store.natsPid) : null,
    store: isNats ? cpuSeconds(store.storePid) : null,
  };
}

async function openBus(store: WriteStore, running: AsyncDisposableStack): Promise<Bus> {
  const telemetry = running.use(
    startTelemetry({
      ...{ service: "bench", version: VERSION, instanceId: HOLDER, logLevel: "warn" },
      ...{ otlpUrl: null, sampleRatio: 0 },
    }),
  );
  const ports = { clock: systemClock, telemetry };
  if (store.bus === "nats") {
    const nats = { servers: [store.url], user: null, password: null, token: null };
    const bus = await connectBus(nats, { ...ports, name: "write-bench" });
    running.defer(() => bus.close());
    return bus;
  }
  const bus = createBus(openEmbeddedBus({ file: null }), ports);
  running.defer(() => bus.close());
  const config = loadConfig(pieceStoreConfig, {});
  const ours = { id: HOLDER, managedRoot: store.root, scrubBytesPerSecond: 0 };
  running.use(await startPieceStore({ bus, ...ports }, { ...config, ...ours }));
  return bus;
}

/** Offers every piece of the torrent, so many at once. */
async function writeAll(bus: Bus, torrent: GivenTorrent, piecesAtOnce: number): Promise<void> {
  const { infoHash, pieceCount } = torrent;
  const isByReference = bus.payloadBytesMax > 16 * 1024 * 1024;
  const offering = bus.serveStream(
    offeredPieceCall,
    { params: { process: OFFERER }, sent: () => {} },
    function* ({ piece }) {
      const bytes = torrent.pieceAt(piece);
      const chunkBytes = isByReference ? bytes.length : CHUNK_BYTES;
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        yield bytes.subarray(at, at + chunkBytes);
      }
    },
  );
  await bus.flush();
  const catalog = await openCatalog(bus, { debug() {}, info() {}, warn() {}, error() {} });
  await catalog.putMetainfo(infoHash, torrent.metainfo);
  await bus.call(manageCall, { holder: HOLDER }, { infoHash });
  const pieces = Array.from({ length: pieceCount }, (_, piece) => piece).values();
  const work = async (): Promise<void> => {
    for (const piece of pieces) {
      const request = { infoHash, piece, offeredBy: OFFERER };
      const { outcome } = await bus.call(writePieceCall, { holder: HOLDER }, request);
      if (outcome !== "verified") throw new BenchError(`piece ${piece} is ${outcome}`);
    }
  };
  await Promise.all(Array.from({ length: piecesAtOnce }, work));
  offering.unsubscribe();
}

async function measure(spec: WriteSpec): Promise<Written> {
  const { store, piecesAtOnce, pieceLengthBytes, sizeBytes } = spec;
  await using running = new AsyncDisposableStack();
  const bus = await openBus(store, running);
  const forget = (torrent: GivenTorrent): Promise<unknown> =>
    bus.call(unmanageCall, { holder: HOLDER }, { infoHash: torrent.infoHash });
  const warmUpBytes = Math.min(sizeBytes, WARM_UP_BYTES);
  const warmUp = givenTorrent("warm-up", { sizeBytes: warmUpBytes, pieceLengthBytes });
  await writeAll(bus, warmUp, piecesAtOnce);
  await forget(warmUp);
  const torrent = givenTorrent("content", { sizeBytes, pieceLengthBytes });
  const before = readingOf(store);
  await writeAll(bus, torrent, piecesAtOnce);
  const after = readingOf(store);
  await forget(torrent);
  return {
    writtenBytes: sizeBytes,
    wallSeconds: (after.atMs - before.atMs) / 1_000,
    offererCpuSeconds: minus(after.offerer, before.offerer),
    natsCpuSeconds: minusOrNull(after.nats, before.nats),
    storeCpuSeconds: minusOrNull(after.store, before.store),
  };
}

function minus(after: CpuSeconds, before: CpuSeconds): CpuSeconds {
  return { user: after.user - before.user, system: after.system - before.system };
}

function minusOrNull(after: CpuSeconds | null, before: CpuSeconds | null): CpuSeconds | null {
  return after === null || before === null ? null : minus(after, before);
}

/** One measurement, in a process of its own. */
const written = await measure(JSON.parse(process.argv[2] ?? "null"));
process.stdout.write(`${JSON.stringify({ event: "written", ...written })}\n`);
