import assert from "node:assert/strict";
import type { Rng } from "@seedfleet/runtime";

export const BLOCK_BYTES: number = 16 * 1024;

/** What a client of some speed has outstanding when the gateway comes round to it: 128 KiB. */
const BATCH_BLOCKS_MAX = 8;

/** Until then the cache fills up, and nothing is counted. */
const WARM_UP_SHARE = 0.25;

/** One peer's way through a torrent: whole pieces, in the order in which it asks for them. */
export type Download = {
  readonly pieces: readonly number[];
  /** How often it has its turn beside the others. */
  readonly pace: number;
  /** Turns that pass before its first request. */
  readonly waitsTurns: number;
  /** False for a peer whose own hits do not matter, only what it does to the others. */
  readonly isCounted: boolean;
};

/** Some blocks of one piece that one peer asks for at once. */
export type Batch = {
  readonly peer: number;
  readonly piece: number;
  readonly bytes: number;
  /** The piece's first block is among them. */
  readonly isFirst: boolean;
  readonly isCounted: boolean;
};

/** What a gateway is asked for, in order. Pieces are numbered over all torrents. */
export type Trace = {
  readonly pieceBytes: readonly number[];
  readonly batches: readonly Batch[];
};

export type Crowd = {
  readonly pieceBytes: readonly number[];
  /** So many download at once; each that is done makes room for the next. */
  readonly downloadsAtOnce: number;
  /** What begins at a place, numbered from 0, when the one before is done. */
  readonly next: (place: number) => Download;
  readonly batchCount: number;
};

type Active = {
  readonly download: Download;
  readonly peer: number;
  waits: number;
  at: number;
  asked: number;
};

/** Has a crowd download, and writes down what it asks for in which order. */
export function recordTrace(rng: Rng, crowd: Crowd): Trace {
  let peers = 0;
  const begin = (place: number): Active => {
    peers += 1;
    const download = crowd.next(place);
    return { download, peer: peers, waits: download.waitsTurns, at: 0, asked: 0 };
  };
  const actives = Array.from({ length: crowd.downloadsAtOnce }, (_, place) => begin(place));
  const batches: Batch[] = [];
  while (batches.length < crowd.batchCount) {
    const turn = pickByPace(rng, actives);
    const active = actives[turn];
    assert(active !== undefined);
    active.waits -= 1;
    if (active.waits >= 0) continue;
    const isWarm = batches.length >= crowd.batchCount * WARM_UP_SHARE;
    batches.push(nextBatch(active, crowd.pieceBytes, isWarm));
    if (active.at === active.download.pieces.length) actives[turn] = begin(turn);
  }
  return { pieceBytes: crowd.pieceBytes, batches };
}

function nextBatch(active: Active, pieceBytes: readonly number[], isWarm: boolean): Batch {
  const { download, peer, asked } = active;
  const piece = download.pieces[active.at];
  assert(piece !== undefined, "a download has pieces");
  const length = pieceBytes[piece] ?? 0;
  const bytes = Math.min(length - asked, BATCH_BLOCKS_MAX * BLOCK_BYTES);
  active.asked += bytes;
  if (active.asked === length) {
    active.at += 1;
    active.asked = 0;
  }
  return { peer, piece, bytes, isFirst: asked === 0, isCounted: isWarm && download.isCounted };
}

function pickByPace(rng: Rng, actives: readonly Active[]): number {
  const total = actives.reduce((sum, { download }) => sum + download.pace, 0);
  let left = rng.below(total);
  return actives.findIndex(({ download }) => {
    left -= download.pace;
    return left < 0;
  });
}
