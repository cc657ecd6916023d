import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { startNatsServer } from "@seedfleet/testkit";
import { BenchProcess } from "../bench-process.ts";
import { startGateway, startService } from "../fleet/fleet-service.ts";
import type { DownloaderKind } from "./download-options.ts";
import { BUS_PROCESS } from "./download-report.ts";
import type { FetcherSpec } from "./fetcher.ts";
import { type SwarmPeer, startLibtorrentPeer } from "./libtorrent-peer.ts";
import { mirrorTorrent } from "./mirror-torrent.ts";

const FETCHER = fileURLToPath(new URL("fetcher.ts", import.meta.url));
const READY_MS_MAX = 60_000;
const FINISHED_MS_MAX = 600_000;
const STORE = "store";

/** What is to be downloaded, from whom and to where. */
export type Place = {
  readonly directory: string;
  readonly torrentFile: string;
  readonly seedPort: number;
};

/** One that is ready to download, with the processes whose work that is. */
export type Downloader = {
  /** Where it writes. */
  readonly directory: string;
  readonly pids: ReadonlyMap<string, number>;
  /** Resolves when it has every piece. */
  readonly download: () => Promise<void>;
};

/** Starts a downloader of that kind; all it made goes with `running`. */
export async function startDownloader(
  kind: DownloaderKind,
  place: Place,
  running: AsyncDisposableStack,
): Promise<Downloader> {
  const directory = await mkdtemp(join(place.directory, `${kind}-`));
  running.defer(() => rm(directory, { recursive: true, force: true }));
  if (kind === "nats") return await startOverNats({ ...place, directory }, running);
  const { torrentFile: torrent, seedPort } = place;
  const peer =
    kind === "libtorrent"
      ? await startLibtorrentPeer(
          kind,
          { torrent, savePath: directory, seeds: false, uploadBytesPerSecond: 0 },
          running,
        )
      : await startFetcher(
          kind,
          { torrentFile: torrent, managedRoot: directory, uploadBytesPerSecond: null },
          running,
        );
  return {
    directory,
    pids: new Map([[kind, peer.child.pid]]),
    async download() {
      peer.child.tell(`go ${JSON.stringify({ ports: [seedPort] })}`);
      await peer.child.event("finished", FINISHED_MS_MAX);
    },
  };
}

/** Starts a gateway and a piece-store in one process, and resolves when they listen. */
export async function startFetcher(
  name: string,
  spec: FetcherSpec,
  running: AsyncDisposableStack,
): Promise<SwarmPeer> {
  // For whoever looks for where the time goes.
  const flags = process.env["BENCH_FETCHER_FLAGS"]?.split(" ") ?? [];
  const args = [...flags, FETCHER, JSON.stringify(spec)];
  const child = BenchProcess.start({ name, program: process.execPath, args }, running);
  const { port, version } = await child.event("listening", READY_MS_MAX);
  return { name, child, port: Number(port), version: String(version) };
}

async function startOverNats(
  { directory, torrentFile, seedPort }: Place,
  running: AsyncDisposableStack,
): Promise<Downloader> {
  const pidFile = join(directory, "nats.pid");
  const server = await startNatsServer(["-P", pidFile]);
  running.defer(() => server.stop());
  const nats = { url: server.url, monitorUrl: "" };
  const storeEnv = {
    SEEDFLEET_PIECE_STORE_MANAGED_ROOT: join(directory, "managed"),
    SEEDFLEET_PIECE_STORE_SCRUB_BYTES_PER_SECOND: "0",
  };
  const store = await startService("piece-store", { nats, id: STORE, env: storeEnv }, running);
  const gateway = await startGateway({ nats, id: "gateway", peersMax: 1_000 }, running);
  const account = { user: null, password: null, token: null };
  const ports = { clock: systemClock, telemetry: silentTelemetry, name: "bench" };
  const bus = await connectBus({ servers: [server.url], ...account }, ports);
  running.defer(() => bus.close());
  const peers = [{ host: "127.0.0.1", port: seedPort }];
  return {
    directory,
    pids: new Map([
      ["gateway", gateway.pid],
      ["piece-store", store.pid],
      [BUS_PROCESS, Number(await readFile(pidFile, "utf8"))],
    ]),
    download: () => mirrorTorrent(bus, { torrentFile, holder: STORE, peers }),
  };
}
