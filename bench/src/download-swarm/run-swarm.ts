import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { startFetcher } from "../download/downloaders.ts";
import { type SwarmPeer, startLibtorrentPeer } from "../download/libtorrent-peer.ts";
import { thisMachine } from "../machine.ts";
import { machineCpuSeconds } from "../process-usage.ts";
import type { DownloadSwarmOptions } from "./download-swarm-options.ts";
import { startSeed } from "./start-seed.ts";
import { swarmSecondsMin } from "./time-min.ts";

const MIB = 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
const FINISHED_MS_MAX = 900_000;

/** What came of one swarm. */
export type SwarmRun = {
  readonly seedfleets: number;
  /** Of each leecher, from the beginning to its last piece. */
  readonly seconds: readonly number[];
  /** The slowest, beside the shortest time that there could be. */
  readonly ratio: number;
  /** What the seed had uploaded when every piece was out there once, in copies of the content. */
  readonly wholeCopies: number;
  /** The same when the first leecher was done. */
  readonly firstCopies: number;
  /** The same when the last was. */
  readonly lastCopies: number;
  /** The share of the machine that was not idle. */
  readonly busyShare: number;
};

export type SwarmContent = { readonly directory: string; readonly contentFile: string };

/** Has a seed and leechers share one torrent, until the last of them has it. */
export async function runSwarm(
  seedfleets: number,
  options: DownloadSwarmOptions,
  { directory, contentFile }: SwarmContent,
): Promise<SwarmRun> {
  await using running = new AsyncDisposableStack();
  const own = await mkdtemp(join(directory, "swarm-"));
  running.defer(() => rm(own, { recursive: true, force: true }));
  const torrent = join(own, "content.torrent");
  const limit = { uploadBytesPerSecond: options.seedBytesPerSecond };
  const place = { directory, contentFile, torrent, pieceLengthBytes: PIECE_BYTES, ...limit };
  const seed = await startSeed(options.seed, place, running);
  const leechers: SwarmPeer[] = [];
  for (let at = 0; at < options.leechers; at += 1) {
    const leecher = { torrent, savePath: join(own, String(at)) };
    leechers.push(await startLeecher(at < seedfleets, leecher, { options, running }));
  }
  const sizeBytes = options.sizeMib * MIB;
  const copiesAt = async (when: string): Promise<number> => {
    seed.child.tell(`uploaded ${when}`);
    const { bytes } = await seed.child.event(`uploaded ${when}`, FINISHED_MS_MAX);
    return Number(bytes) / sizeBytes;
  };
  const whole = untilWhole(leechers, Math.ceil(sizeBytes / PIECE_BYTES));
  const before = machineCpuSeconds();
  const beganMs = performance.now();
  const told = leechers.map(async ({ child }, at) => {
    const others = leechers.filter((_, other) => other !== at).map(({ port }) => port);
    child.tell(`go ${JSON.stringify({ ports: [seed.port, ...others] })}`);
    await child.event("finished", FINISHED_MS_MAX);
    return (performance.now() - beganMs) / 1_000;
  });
  const wholeCopies = whole.then(() => copiesAt("whole"));
  const firstCopies = Promise.race(told).then(() => copiesAt("first"));
  const seconds = await Promise.all(told);
  const lastCopies = await copiesAt("last");
  const slowest = Math.max(...seconds);
  return {
    ...{ seedfleets, seconds, ratio: slowest / swarmSecondsMin({ ...options, sizeBytes }) },
    ...{ wholeCopies: await wholeCopies, firstCopies: await firstCopies, lastCopies },
    busyShare: (machineCpuSeconds() - before) / slowest / thisMachine().cores,
  };
}

/** Resolves when there is a leecher for every piece that has it. */
function untilWhole(leechers: readonly SwarmPeer[], pieceCount: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const out = new Set<unknown>();
  for (const { child } of leechers) {
    child.hear("pieces", ({ pieces }) => {
      for (const piece of pieces as readonly unknown[]) out.add(piece);
      if (out.size === pieceCount) resolve();
    });
  }
  return promise;
}

async function startLeecher(
  isSeedfleet: boolean,
  { torrent, savePath }: { readonly torrent: string; readonly savePath: string },
  of: { readonly options: DownloadSwarmOptions; readonly running: AsyncDisposableStack },
): Promise<SwarmPeer> {
  const telling = { uploadBytesPerSecond: of.options.leecherBytesPerSecond, tellsPieces: true };
  if (!isSeedfleet) {
    const leecher = { torrent, savePath, seeds: false, ...telling };
    return await startLibtorrentPeer("libtorrent", leecher, of.running);
  }
  const spec = { torrentFile: torrent, managedRoot: savePath, ...telling };
  return await startFetcher("seedfleet", spec, of.running);
}
