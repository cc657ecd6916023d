import type { Rng } from "@seedfleet/runtime";
import { layOut, roughly, shuffled, times, zipf } from "./torrent-mix.ts";
import { type Download, recordTrace, type Trace } from "./trace.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** The traces are made for a cache of this size. */
export const CACHE_BYTES: number = 256 * MIB;

export type TraceName =
  | "popular"
  | "scan"
  | "flush"
  | "rarest"
  | "behind"
  | "uniform"
  | "release"
  | "mixed";

type MakeTrace = (rng: Rng, batchCount: number) => Trace;

/** What gateways live through; each is a name on the command line. */
export const TRACES: Readonly<Record<TraceName, MakeTrace>> = {
  popular: (...how) => popular(...how, { torrentCount: 64, peers: 48, scanPace: 0 }),
  scan: (...how) => popular(...how, { torrentCount: 64, peers: 48, scanPace: 60 }),
  // These torrents fit the cache: what is missed is what the scan pushed out.
  flush: (...how) => popular(...how, { torrentCount: 3, peers: 12, scanPace: 150 }),
  rarest,
  behind,
  uniform,
  release,
  mixed,
};

type Popular = {
  readonly torrentCount: number;
  readonly peers: number;
  /** Turns of the peer that scans; the others have two and a half on average. 0: none scans. */
  readonly scanPace: number;
};

/**
 * Peers at torrents of 64 MiB that are popular by Zipf's law, in random order, and maybe one more
 * that goes through a torrent of eight times the cache in order, over and over, and is not counted.
 */
function popular(rng: Rng, batchCount: number, { torrentCount, peers, scanPace }: Popular): Trace {
  const hot = { bytes: 64 * MIB, pieceBytes: 256 * KIB };
  const cold = { bytes: 8 * CACHE_BYTES, pieceBytes: MIB };
  const { pieceBytes, torrents } = layOut([...times(torrentCount, hot), cold]);
  const scan = { pieces: torrents.at(-1) ?? [], pace: scanPace, waitsTurns: 0, isCounted: false };
  const rank = zipf(rng, torrentCount);
  const next = (place: number): Download => {
    return place === peers ? scan : arrival(rng, shuffled(rng, torrents[rank()] ?? []));
  };
  const downloadsAtOnce = scanPace === 0 ? peers : peers + 1;
  return recordTrace(rng, { pieceBytes, downloadsAtOnce, next, batchCount });
}

/** 32 peers at one torrent of four times the cache, rarest first: in a rough order they share. */
function rarest(rng: Rng, batchCount: number): Trace {
  const { pieceBytes, torrents } = layOut([{ bytes: 4 * CACHE_BYTES, pieceBytes: MIB }]);
  const byRarity = shuffled(rng, torrents[0] ?? []);
  const isBegun = new Set<number>();
  const next = (place: number): Download => {
    const order = roughly(rng, byRarity, 0.1);
    const begins = isBegun.has(place) ? 0 : rng.below(order.length);
    isBegun.add(place);
    return arrival(rng, order.slice(begins));
  };
  return recordTrace(rng, { pieceBytes, downloadsAtOnce: 32, next, batchCount });
}

/**
 * Four peers that go through torrents of four times the cache in order, some 32 MiB behind each
 * other at first and then as chance will have it: the cache holds what lies between them.
 */
function behind(rng: Rng, batchCount: number): Trace {
  const long = { bytes: 4 * CACHE_BYTES, pieceBytes: MIB };
  const { pieceBytes, torrents } = layOut(times(24, long));
  const begun = Array.from({ length: 4 }, () => 0);
  const next = (place: number): Download => {
    const at = begun[place] ?? 0;
    begun[place] = at + 1;
    const waitsTurns = at === 0 ? place * 32 * 8 : 0;
    return { pieces: torrents[at % torrents.length] ?? [], pace: 1, waitsTurns, isCounted: true };
  };
  return recordTrace(rng, { pieceBytes, downloadsAtOnce: 4, next, batchCount });
}

/** Eight peers at random pieces of 8 GiB. */
function uniform(rng: Rng, batchCount: number): Trace {
  const { pieceBytes, torrents } = layOut([{ bytes: 8 * KIB * MIB, pieceBytes: MIB }]);
  const all = torrents[0] ?? [];
  const next = (): Download => arrival(rng, shuffled(rng, all));
  return recordTrace(rng, { pieceBytes, downloadsAtOnce: 8, next, batchCount });
}

/** As `popular`, but every 40th arrival finds a new torrent at the top, above the others. */
function release(rng: Rng, batchCount: number): Trace {
  const { pieceBytes, torrents } = layOut(times(256, { bytes: 64 * MIB, pieceBytes: 256 * KIB }));
  const rank = zipf(rng, 64);
  let begun = 0;
  const next = (): Download => {
    begun += 1;
    const newest = 64 + Math.floor(begun / 40);
    return arrival(rng, shuffled(rng, torrents[(newest - rank()) % torrents.length] ?? []));
  };
  return recordTrace(rng, { pieceBytes, downloadsAtOnce: 48, next, batchCount });
}

/** 24 peers at 60 torrents, popular by Zipf's law, whose pieces have 64 KiB to 16 MiB. */
function mixed(rng: Rng, batchCount: number): Trace {
  const lengths = [64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB];
  const kinds = Array.from({ length: 60 }, (_, at) => {
    const length = lengths[at % lengths.length] ?? MIB;
    return { bytes: Math.max(32 * MIB, 8 * length), pieceBytes: length };
  });
  const { pieceBytes, torrents } = layOut(kinds);
  const byRank = shuffled(rng, torrents);
  const rank = zipf(rng, byRank.length);
  const next = (): Download => arrival(rng, shuffled(rng, byRank[rank()] ?? []));
  return recordTrace(rng, { pieceBytes, downloadsAtOnce: 24, next, batchCount });
}

/** Some peers are four times as fast as others. */
function arrival(rng: Rng, pieces: readonly number[]): Download {
  return { pieces, pace: 1 + rng.below(4), waitsTurns: 0, isCounted: true };
}
