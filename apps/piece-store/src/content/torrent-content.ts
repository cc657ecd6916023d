import assert from "node:assert/strict";
import { type Places, placesBetween, placesLength } from "@seedfleet/bytes";
import type { Content, ContentRange } from "@seedfleet/content";
import { type FileSpan, fileSpans } from "@seedfleet/metainfo";
import type { TorrentLayout } from "./torrent-layout.ts";

/** Stretches between padding that are read at once; a piece may have hundreds of them. */
export const RUNS_AT_ONCE_MAX = 8;

/** The bytes of a torrent as they lie at one location. */
export interface TorrentBytes {
  /** Fills `into` with the torrent's bytes from `begin` on; rejects as `Content.read` does. */
  read(begin: number, into: Uint8Array): Promise<void>;
  /** The same into memory in parts; absent where it would spare no copy. */
  readonly readPlaces?: (begin: number, places: Places) => Promise<void>;
  /** As `Content.readAtOnce` does. */
  readonly readAtOnce?: (begin: number, places: Places) => boolean;
}

type TorrentContent = Pick<Content, "read" | "readPlaces" | "readAtOnce">;

type Run = { readonly ranges: readonly ContentRange[]; readonly places: Places };

type ReadRun = (ranges: readonly ContentRange[], places: Places) => Promise<void>;

/** Reads a torrent from the files that carry it; padding, which lies nowhere, is zeros. */
export function torrentBytes(content: TorrentContent, layout: TorrentLayout): TorrentBytes {
  const readWith = async (readRun: ReadRun, begin: number, places: Places): Promise<void> => {
    const runs = runsOf(fileSpans(layout, begin, placesLength(places)), layout, places);
    const [only] = runs;
    if (runs.length === 1 && only !== undefined) return readRun(only.ranges, only.places);
    await readRuns(readRun, runs);
  };
  const { readPlaces, readAtOnce } = content;
  const readWhole: ReadRun = (ranges, [into]) => {
    assert(into !== undefined);
    return content.read(ranges, into);
  };
  return {
    read: (begin, into) => readWith(readWhole, begin, [into]),
    ...(readPlaces === undefined
      ? {}
      : { readPlaces: (begin, places) => readWith(readPlaces, begin, places) }),
    ...(readAtOnce === undefined
      ? {}
      : {
          readAtOnce(begin, places) {
            const runs = runsOf(fileSpans(layout, begin, placesLength(places)), layout, places);
            return runs.every((run) => readAtOnce(run.ranges, run.places));
          },
        }),
  };
}

/** Once it rejects no run is being read any more, so the memory is the caller's again. */
async function readRuns(readRun: ReadRun, runs: readonly Run[]): Promise<void> {
  const left = runs.values();
  let failed = false;
  // The workers take their runs from one iterator, so each run is read once.
  const work = async (): Promise<void> => {
    for (const { ranges, places } of left) {
      if (failed) return;
      try {
        await readRun(ranges, places);
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
function runsOf(spans: readonly FileSpan[], layout: TorrentLayout, places: Places): Run[] {
  const runs: { readonly ranges: ContentRange[]; readonly begin: number; end: number }[] = [];
  let at = 0;
  let joined = false;
  for (const { file, offsetBytes, lengthBytes } of spans) {
    const contentFile = layout.files[file]?.contentFile ?? null;
    const end = at + lengthBytes;
    if (contentFile === null) {
      for (const place of placesBetween(places, at, end)) place.fill(0);
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
  return runs.map(({ ranges, begin, end }) => ({
    ranges,
    // Whoever reads to the same places again is known by them.
    places: begin === 0 && end === at ? places : placesBetween(places, begin, end),
  }));
}
