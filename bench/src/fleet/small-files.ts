import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bus } from "@seedfleet/bus";
import type { TorrentOptions } from "@seedfleet/contracts";
import { openIngestJobs } from "@seedfleet/fleet";
import { pieceStoreConfig, startPieceStore } from "@seedfleet/piece-store/service";
import { loadConfig, systemClock } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { BenchError } from "../bench-error.ts";

/** A name that `seedfleet up` takes for its own when it finds it. */
export const HOLDER = "0123456789abcdef";

/** Keeps the store busy without being its whole work. */
const JOBS_AT_ONCE = 16;

/** Very many small files, each of them a torrent, in a directory that goes when it is disposed. */
export interface SmallFiles extends AsyncDisposable {
  readonly root: string;
  /** Where the files are. */
  readonly directory: string;
  readonly paths: readonly string[];
}

export async function makeSmallFiles(count: number, fileBytes: number): Promise<SmallFiles> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "seedfleet-bench-")));
  const directory = join(root, "c");
  await mkdir(directory);
  const paths = Array.from({ length: count }, (_, index) => join(directory, `t${index}`));
  for (const path of paths) await writeFile(path, path.padEnd(fileBytes, "x"));
  return {
    ...{ root, directory, paths },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

export type Publishing = {
  readonly options: TorrentOptions;
  readonly told?: (published: number) => void;
};

/** Publishes every file as its own store does, with a store in this process. */
export async function publishAll(
  bus: Bus,
  { directory, paths }: SmallFiles,
  { options, told = () => {} }: Publishing,
): Promise<void> {
  const ports = { bus, clock: systemClock, telemetry: silentTelemetry };
  const config = { ...loadConfig(pieceStoreConfig, {}), scrubBytesPerSecond: 0 };
  const all = { ...config, id: HOLDER, roots: [directory] };
  await using _store = await startPieceStore(ports, all);
  const jobs = await openIngestJobs(ports);
  const torrent = { kind: "make", options } as const;
  const left = paths.toReversed();
  let published = 0;
  const publish = async (): Promise<void> => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      const { id } = await jobs.submit({ holder: HOLDER, locations: [path], torrent });
      for await (const update of jobs.follow(id)) {
        if (update.kind !== "ended" || update.job.state === "done") continue;
        throw new BenchError(`cannot publish ${path}: ${update.job.failure?.message}`);
      }
      published += 1;
      told(published);
    }
  };
  await Promise.all(Array.from({ length: JOBS_AT_ONCE }, publish));
}
