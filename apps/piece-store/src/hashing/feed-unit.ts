import assert from "node:assert/strict";
import type { Content, ContentRange } from "@seedfleet/content";
import type { UnitFeed } from "./hash-thread.ts";
import type { HashRun } from "./hash-units.ts";
import type { UnitDigests } from "./unit-hasher.ts";

/** What a bucket or an origin is asked for at a time. */
export const FEED_READ_BYTES: number = 2 * 1024 * 1024;

/** One is read while the other is hashed. */
const BUFFERS = 2;

/** Shared memory through which units are fed, one after the other. */
export type FeedBuffers = readonly Uint8Array[];

export function feedBuffers(): FeedBuffers {
  return Array.from(
    { length: BUFFERS },
    () => new Uint8Array(new SharedArrayBuffer(FEED_READ_BYTES)),
  );
}

export type Feeding = {
  readonly content: Content;
  readonly runs: readonly HashRun[];
  readonly buffers: FeedBuffers;
  readonly isCancelled: () => boolean;
  readonly hashed: (hashedBytes: number) => void;
};

/**
 * Reads a unit of content that its thread cannot read by itself, and feeds it; a read is under way
 * while what came before is hashed. Null when it was cancelled.
 */
export async function feedUnit(
  feed: UnitFeed,
  { content, runs, buffers, isCancelled, hashed }: Feeding,
): Promise<UnitDigests | null> {
  const free: Promise<void>[] = buffers.map(() => Promise.resolve());
  let hashedBytes = 0;
  let place = 0;
  for (const { ranges, lengthBytes } of readsOf(runs)) {
    await free[place];
    if (isCancelled()) return null;
    const into = buffers[place]?.subarray(0, lengthBytes);
    assert(into !== undefined);
    await content.read(ranges, into);
    free[place] = feed.push(into).then(() => {
      hashedBytes += lengthBytes;
      hashed(hashedBytes);
    });
    // Whoever awaits it hears of a failure; until then it must not count as unhandled.
    free[place]?.catch(() => {});
    place = (place + 1) % buffers.length;
  }
  return await feed.digests;
}

type Read = { readonly ranges: readonly ContentRange[]; readonly lengthBytes: number };

/** The bytes of the runs in order, as much at a time as one buffer holds. */
function* readsOf(runs: readonly HashRun[]): Generator<Read, void, void> {
  let ranges: ContentRange[] = [];
  let lengthBytes = 0;
  for (const { contentFile, offsetBytes, lengthBytes: runBytes } of runs) {
    if (contentFile === null) continue;
    for (let at = 0; at < runBytes; ) {
      const taken = Math.min(FEED_READ_BYTES - lengthBytes, runBytes - at);
      ranges.push({ file: contentFile, offsetBytes: offsetBytes + at, lengthBytes: taken });
      lengthBytes += taken;
      at += taken;
      if (lengthBytes < FEED_READ_BYTES) continue;
      yield { ranges, lengthBytes };
      ranges = [];
      lengthBytes = 0;
    }
  }
  if (lengthBytes > 0) yield { ranges, lengthBytes };
}
