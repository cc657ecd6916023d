import { setTimeout as delay } from "node:timers/promises";
import type { Bus } from "@seedfleet/bus";
import { collectGarbage } from "@seedfleet/runtime";
import { makeDirectory } from "../content-file.ts";
import { type FleetNats, openBus, startFleetNats } from "../fleet/fleet-nats.ts";
import { startService } from "../fleet/fleet-service.ts";
import { HOLDER, makeSmallFiles, type SmallFiles } from "../fleet/small-files.ts";
import { type BusUse, tallySubjects } from "../fleet/subject-tally.ts";
import { thisMachine } from "../machine.ts";
import { residentBytes } from "../process-usage.ts";
import { progress, runBench } from "../run-bench.ts";
import { countAnnounces } from "./announce-counter.ts";
import { BulkTorrents } from "./bulk-torrents.ts";
import { drawSamples } from "./draw-samples.ts";
import { firstBlock } from "./first-block.ts";
import {
  BLOCK_FILE_BYTES,
  cacheBytesOf,
  publishFiles,
  startIdleGateway,
  writeCatalog,
} from "./million-fleet.ts";
import {
  FORGOTTEN_AFTER,
  MILLION_USAGE,
  type MillionOptions,
  parseMillionOptions,
} from "./million-options.ts";
import {
  type AskedGateway,
  type CatalogWriting,
  type IdleGateway,
  millionFigures,
  millionTable,
} from "./million-report.ts";
import { storeRead } from "./store-read.ts";
import { untilQuiet } from "./until-quiet.ts";

/** Enough that a disk's or a store's memory of one file does not answer for all torrents. */
const FILES = 256;

/** Between them, so that this process does not look for garbage while a torrent is on its way. */
const SAMPLES_PER_COLLECTION = 50;

type Fleet = { readonly nats: FleetNats; readonly bus: Bus };

/**
 * `bench million`: a catalog with very many torrents on a real nats-server, a piece-store that can
 * read every one of them, and gateways of which each begins with none in memory.
 */
export async function millionBench(args: readonly string[]): Promise<void> {
  const options = parseMillionOptions(args);
  if (options === "help") return void process.stdout.write(MILLION_USAGE);
  await runBench((running) => run(options, running));
}

async function run(options: MillionOptions, running: AsyncDisposableStack): Promise<void> {
  const { runs, samples, settleSeconds } = options;
  const nats = await startFleetNats(await makeDirectory(running), running);
  const fleet = { nats, bus: await openBus(nats, running) };
  const empty = await measureEmpty(fleet, options, running);

  const tracker = running.use(await countAnnounces());
  const files = running.use(await makeSmallFiles(FILES, BLOCK_FILE_BYTES));
  progress(`publishing ${FILES} files`);
  const { catalog, published } = await publishFiles(fleet.bus, files);
  const torrents = new BulkTorrents(published, tracker.url);
  const count = options.torrents;
  progress(`writing ${count} torrents into the catalog`);
  const seconds = await writeCatalog(catalog, torrents, { ...options, count });
  const store = await startStore(fleet, files, running);
  progress("waiting until what was written is done with");
  progress(`waited ${(await untilQuiet()).toFixed(0)} s`);
  const full: AskedGateway[] = [];
  for (let at = 1; at <= runs; at += 1) {
    progress(`full catalog, gateway ${at}/${runs}`);
    full.push(await measureFull({ ...fleet, torrents }, { options, run: at }, running));
  }
  progress("counting what messages are for while nobody asks");
  const idleUses = await tallyIdle(nats, options, running);
  const report = {
    bench: "million" as const,
    at: new Date().toISOString(),
    machine: thisMachine(),
    torrents: count,
    load: { runs, samples, settleSeconds },
    catalog: { seconds, ...store },
    announces: tracker.count,
    idleUses,
    figures: millionFigures(empty, full),
  };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : millionTable(report));
}

/** What the messages of a fleet that nobody asks are for, while one more gateway settles. */
async function tallyIdle(
  nats: FleetNats,
  options: MillionOptions,
  running: AsyncDisposableStack,
): Promise<Readonly<Partial<Record<BusUse, number>>>> {
  const { gateway } = await startIdleGateway(nats, options, running);
  const tally = await tallySubjects(nats, running);
  await delay(options.settleSeconds * 1_000);
  const uses = Object.fromEntries(await tally());
  await gateway[Symbol.asyncDispose]();
  return uses;
}

async function measureEmpty(
  { nats }: Fleet,
  options: MillionOptions,
  running: AsyncDisposableStack,
): Promise<readonly IdleGateway[]> {
  const measured: IdleGateway[] = [];
  for (let at = 1; at <= options.runs; at += 1) {
    progress(`empty catalog, gateway ${at}/${options.runs}`);
    const { gateway, idle } = await startIdleGateway(nats, options, running);
    await gateway[Symbol.asyncDispose]();
    measured.push(idle);
  }
  return measured;
}

async function startStore(
  { nats }: Fleet,
  { directory }: SmallFiles,
  running: AsyncDisposableStack,
): Promise<Omit<CatalogWriting, "seconds">> {
  progress("starting a piece-store that holds them all");
  const beganMs = performance.now();
  const env = {
    SEEDFLEET_PIECE_STORE_ROOTS: directory,
    // What is read in the background would be in the way of what is measured.
    SEEDFLEET_PIECE_STORE_SCRUB_BYTES_PER_SECOND: "0",
    // Else it would remember what the gateway has had it read.
    SEEDFLEET_PIECE_STORE_CACHE_BYTES: "0",
  };
  const store = await startService("piece-store", { nats, id: HOLDER, env }, running);
  const storeReadySeconds = (performance.now() - beganMs) / 1_000;
  return { storeReadySeconds, storeResidentBytes: residentBytes(store.pid).total };
}

/**
 * Asks a fresh gateway for torrents at random, then the store for as many others as make it forget
 * these, then the store for these again: both have found every torrent cold.
 */
async function measureFull(
  { nats, bus, torrents }: Fleet & { readonly torrents: BulkTorrents },
  { options, run }: { readonly options: MillionOptions; readonly run: number },
  running: AsyncDisposableStack,
): Promise<AskedGateway> {
  const { samples, torrents: total } = options;
  const drawn = drawSamples(total, samples + FORGOTTEN_AFTER, run);
  const asked = drawn.slice(0, samples);
  const { gateway, idle } = await startIdleGateway(nats, options, running);
  const firstBlockMs: number[] = [];
  for (const [serial, index] of asked.entries()) {
    if (serial % SAMPLES_PER_COLLECTION === 0) collectGarbage();
    firstBlockMs.push(await firstBlock(gateway, torrents.torrent(index).metainfo, serial));
  }
  const served = residentBytes(gateway.pid);
  const cacheBytes = await cacheBytesOf(gateway);
  await gateway[Symbol.asyncDispose]();
  for (const index of drawn.slice(samples)) await storeRead(bus, torrents.torrent(index));
  const storeReadMs: number[] = [];
  for (const [serial, index] of asked.entries()) {
    if (serial % SAMPLES_PER_COLLECTION === 0) collectGarbage();
    storeReadMs.push(await storeRead(bus, torrents.torrent(index)));
  }
  return { idle, served, cacheBytes, firstBlockMs, storeReadMs };
}
