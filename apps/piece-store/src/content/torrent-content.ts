import type { Content, ContentRange } from "@seedfleet/content";
import { type FileSpan, fileSpans } from "@seedfleet/metainfo";
import type { TorrentLayout } from "./torrent-layout.ts";

/** Stretches between padding that are read at once; a piece may have hundreds of them. */
export const RUNS_AT_ONCE_MAX = 8;

/** The bytes of a torrent as they lie at one location. */
export interface TorrentBytes {
  /** Fills `into` with the torrent's bytes from `begin` on; rejects as `Content.read` does. */
  read(begin: number, into: Uint8Array): Promise<void>;
}

type Run = { readonly ranges: readonly ContentRange[]; readonly into: Uint8Array };

/** Reads a torrent from the files that carry it; padding, which lies nowhere, is zeros. */
export function torrentBytes(content: Pick<Content, "read">, layout: TorrentLayout): TorrentBytes {
  return {
    async read(begin, into) {
      const spans = fileSpans(layout, begin, into.length);
      const runs = runsOf(spans, layout, into);
      const [only] = runs;
      if (runs.length === 1 && only !== undefined) return content.read(only.ranges, only.into);
      await readRuns(content, runs);
    },
  };
}

/** Once it rejects no run is being read any more, so `into` is the caller's again. */
async function readRuns(content: Pick<Content, "read">, runs: readonly Run[]): Promise<void> {
  const left = runs.values();
  let failed = false;
  // The workers take their runs from one iterator, so each run is read once.
  const work = async (): Promise<void> => {
    for (const { ranges, into } of left) {
      if (failed) return;
      try {
        await content.read(ranges, into);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(RUNS_AT_ONCE_MAX, runs.length) }, work);
  const settled = await Promise.allSettled(workers);
  for (const worker of settled) if (worker.status === "rejected") throw worker.reason;
}

/** What lies between two stretches of padding is one read; padding is written at once. */
function runsOf(spans: readonly FileSpan[], layout: TorrentLayout, into: Uint8Array): Run[] {
  const runs: { readonly ranges: ContentRange[]; readonly begin: number; end: number }[] = [];
  let at = 0;
  let joined = false;
  for (const { file, offsetBytes, lengthBytes } of spans) {
    const contentFile = layout.files[file]?.contentFile ?? null;
    const end = at + lengthBytes;
    if (contentFile === null) {
      into.fill(0, at, end);
      joined = false;
    } else {
      const range = { file: contentFile, offsetBytes, lengthBytes };
      const last = joined ? runs.at(-1) : undefined;
      if (last === undefined) runs.push({ ranges: [range], begin: at, end });
      else {
        last.ranges.push(range);
        last.end = end;
      }
      joined = true;
    }
    at = end;
  }
  return runs.map(({ ranges, begin, end }) => ({ ranges, into: into.subarray(begin, end) }));
}
