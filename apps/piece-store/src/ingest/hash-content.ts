import type { Content } from "@seedfleet/content";
import type { Metainfo, TorrentVersion } from "@seedfleet/metainfo";
import type { TorrentLayout } from "../content/torrent-layout.ts";
import type { PieceDigests } from "../hashing/hash-plan.ts";
import type { HashPool } from "../hashing/hash-pool.ts";
import type { PieceStoreMetrics } from "../metrics.ts";
import type { JobControl, JobProgress } from "./job-control.ts";

export type HashPorts = { readonly pool: HashPool; readonly metrics: PieceStoreMetrics };

export type ContentToHash = {
  readonly content: Content;
  readonly layout: TorrentLayout;
  readonly fingerprint: string;
  readonly version: TorrentVersion;
  readonly pieceLengthBytes: number;
};

/** Which of a job's locations it is, all of them with as many bytes. */
export type Part = { readonly index: number; readonly count: number };

const ONLY_PART: Part = { index: 0, count: 1 };

export type Hashing = {
  readonly phase: JobProgress["phase"];
  readonly control: JobControl;
  readonly part?: Part;
};

/** Hashes every piece of listed content, from where an earlier run of the job had come. */
export async function hashContent(
  { pool, metrics }: HashPorts,
  { content, layout, fingerprint, version, pieceLengthBytes }: ContentToHash,
  { phase, control, part = ONLY_PART }: Hashing,
): Promise<PieceDigests> {
  const { signal } = control;
  const { name } = content.listing;
  const partBytes = contentBytesOf(layout);
  const tell = (bytes: number, isStart: boolean): void => {
    const doneBytes = part.index * partBytes + bytes;
    control.progress({ phase, name, doneBytes, totalBytes: part.count * partBytes, isStart });
  };
  const checkpoint = control.checkpointOf(part.index);
  const key = { fingerprint, version, pieceLengthBytes };
  const resume = await checkpoint.load(key);
  let countedBytes: number | null = null;
  const hashed = (hashedBytes: number): void => {
    // The first time it is what an earlier run has done.
    metrics.hashedBytes.add(hashedBytes - (countedBytes ?? hashedBytes));
    tell(hashedBytes, countedBytes === null);
    countedBytes = hashedBytes;
  };
  if (resume === null) hashed(0);
  const digests = await pool.hash({
    ...{ content, layout, version, pieceLengthBytes, signal, resume, hashed },
    checkpoint: (done) => checkpoint.save(key, done),
  });
  if (part.index + 1 < part.count) {
    // What comes after it may take as long, and this need not be done again then.
    const pieceCount = Math.ceil(layout.sizeBytes / pieceLengthBytes);
    checkpoint.save(key, { pieceCount, ...digests });
    await checkpoint.settled();
  }
  return digests;
}

/** Without padding, which nobody reads. */
export function contentBytesOf({ files }: Pick<TorrentLayout | Metainfo, "files">): number {
  return files.reduce((sum, { padding, lengthBytes }) => sum + (padding ? 0 : lengthBytes), 0);
}
