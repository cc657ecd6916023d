import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { DEFAULT_TORRENT_OPTIONS, type TorrentVersion } from "@seedfleet/contracts";
import { openIngestJobs } from "@seedfleet/fleet";
import { systemClock } from "@seedfleet/runtime";
import { BenchError } from "../bench-error.ts";

export type Publication = {
  /** The piece-store that is to do it. */
  readonly holder: string;
  readonly contentFile: string;
  readonly pieceLengthBytes: number;
  readonly version?: TorrentVersion;
};

/** Has a piece-store publish a file, as `seedfleet publish` does. */
export async function publishFile(
  bus: Bus,
  { holder, contentFile, ...wanted }: Publication,
): Promise<InfoHash> {
  const jobs = await openIngestJobs({ bus, clock: systemClock });
  const options = { ...DEFAULT_TORRENT_OPTIONS, ...wanted };
  const torrent = { kind: "make" as const, options };
  const { id } = await jobs.submit({ holder, locations: [contentFile], torrent });
  for await (const update of jobs.follow(id)) {
    if (update.kind !== "ended") continue;
    const { result, failure } = update.job;
    if (result !== null) return result.entry.infoHash;
    throw new BenchError(failure?.message ?? `nobody published ${contentFile}`);
  }
  throw new BenchError(`the job to publish ${contentFile} is gone`);
}
