import type { Rng } from "@seedfleet/runtime";

const UINT32_VALUES = 2 ** 32;

export type TorrentShape = { readonly bytes: number; readonly pieceBytes: number };

/** Numbers the pieces of several torrents one after another. */
export function layOut(shapes: readonly TorrentShape[]): {
  readonly pieceBytes: readonly number[];
  /** The pieces of each torrent. */
  readonly torrents: readonly (readonly number[])[];
} {
  const pieceBytes: number[] = [];
  const torrents = shapes.map((shape) => {
    const first = pieceBytes.length;
    const count = Math.ceil(shape.bytes / shape.pieceBytes);
    for (let piece = 0; piece < count; piece += 1) pieceBytes.push(shape.pieceBytes);
    return Array.from({ length: count }, (_, piece) => first + piece);
  });
  return { pieceBytes, torrents };
}

export function times<Item>(count: number, item: Item): readonly Item[] {
  return Array.from({ length: count }, () => item);
}

/** From 0 to just below 1. */
export function chance(rng: Rng): number {
  return rng.below(UINT32_VALUES) / UINT32_VALUES;
}

/** Draws ranks from 0: the one of rank r is 1 / (r + 1) times as likely as the first. */
export function zipf(rng: Rng, count: number): () => number {
  const upTo: number[] = [];
  let total = 0;
  for (let rank = 0; rank < count; rank += 1) {
    total += 1 / (rank + 1);
    upTo.push(total);
  }
  return () => {
    const drawn = chance(rng) * total;
    return upTo.findIndex((bound) => drawn < bound);
  };
}

export function shuffled<Item>(rng: Rng, items: readonly Item[]): readonly Item[] {
  return byKey(items, () => chance(rng));
}

/** In this order but for chance: each item may move by up to `share` of the whole. */
export function roughly<Item>(rng: Rng, items: readonly Item[], share: number): readonly Item[] {
  return byKey(items, (at) => at / items.length + (chance(rng) * 2 - 1) * share);
}

function byKey<Item>(items: readonly Item[], keyOf: (at: number) => number): readonly Item[] {
  return items
    .map((item, at) => ({ item, key: keyOf(at) }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
