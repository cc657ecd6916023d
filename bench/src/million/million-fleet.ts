import { setTimeout as delay } from "node:timers/promises";
import type { Bus } from "@seedfleet/bus";
import { DEFAULT_TORRENT_OPTIONS } from "@seedfleet/contracts";
import { type Catalog, openCatalog } from "@seedfleet/fleet";
import { parseMetainfo } from "@seedfleet/metainfo";
import { silentTelemetry } from "@seedfleet/telemetry";
import { metricIn, readMetrics } from "../admin-port.ts";
import { BenchError } from "../bench-error.ts";
import { busTraffic } from "../fleet/bus-traffic.ts";
import type { FleetNats } from "../fleet/fleet-nats.ts";
import { type FleetGateway, startGateway } from "../fleet/fleet-service.ts";
import { publishAll, type SmallFiles } from "../fleet/small-files.ts";
import { residentBytes } from "../process-usage.ts";
import { progress } from "../run-bench.ts";
import type { BulkTorrents, Published } from "./bulk-torrents.ts";
import type { IdleGateway } from "./million-report.ts";

/** One block and one piece. */
export const BLOCK_FILE_BYTES: number = 16 * 1024;

const GATEWAY_ID = "bench";

/** Said again after so many. */
const TOLD_EVERY = 10_000;

/** Publishes the files as a store does, and gives what the catalog has of them. */
export async function publishFiles(
  bus: Bus,
  files: SmallFiles,
): Promise<{ readonly catalog: Catalog; readonly published: readonly Published[] }> {
  const version = "v1" as const;
  const options = { ...DEFAULT_TORRENT_OPTIONS, version, pieceLengthBytes: BLOCK_FILE_BYTES };
  await publishAll(bus, files, { options });
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const published: Published[] = [];
  for (const entry of await catalog.list()) {
    const bytes = await catalog.metainfo(entry.infoHash);
    const metainfo = bytes === null ? null : parseMetainfo(bytes);
    if (metainfo?.kind !== "metainfo") throw new BenchError(`${entry.name} has no metainfo`);
    published.push({ entry, metainfo });
  }
  return { catalog, published };
}

/** Writes them as a store does, but very many at a time; gives the seconds that it took. */
export async function writeCatalog(
  catalog: Catalog,
  torrents: BulkTorrents,
  { count, writesAtOnce }: { readonly count: number; readonly writesAtOnce: number },
): Promise<number> {
  const beganMs = performance.now();
  let next = 0;
  let written = 0;
  const write = async (): Promise<void> => {
    while (next < count) {
      const { entry, bytes } = torrents.torrent(next);
      next += 1;
      await catalog.publish(entry, bytes);
      written += 1;
      if (written % TOLD_EVERY === 0) progress(`written ${written} of ${count}`);
    }
  };
  await Promise.all(Array.from({ length: writesAtOnce }, write));
  return (performance.now() - beganMs) / 1_000;
}

/** A fresh gateway, and what it costs while nobody asks it for anything. */
export async function startIdleGateway(
  nats: FleetNats,
  { settleSeconds }: { readonly settleSeconds: number },
  running: AsyncDisposableStack,
): Promise<{ readonly gateway: FleetGateway; readonly idle: IdleGateway }> {
  const settings = { nats, id: GATEWAY_ID, peersMax: 1_024 };
  const gateway = await startGateway(settings, running);
  const before = await publishedByGateway(nats);
  await delay(settleSeconds * 1_000);
  const published = (await publishedByGateway(nats)) - before;
  const publishedPerMinute = (published / settleSeconds) * 60;
  return { gateway, idle: { resident: residentBytes(gateway.pid), publishedPerMinute } };
}

/** What it holds of the pieces it has served. */
export async function cacheBytesOf({ adminPort }: FleetGateway): Promise<number> {
  const bytes = metricIn(await readMetrics(adminPort), "seedfleet_gateway_cache_bytes");
  if (bytes === null) throw new BenchError("the gateway does not tell the size of its cache");
  return bytes;
}

async function publishedByGateway(nats: FleetNats): Promise<number> {
  const traffic = (await busTraffic(nats)).get(`gateway-${GATEWAY_ID}`);
  if (traffic === undefined) throw new BenchError("the gateway is not on the bus");
  return traffic.published;
}
