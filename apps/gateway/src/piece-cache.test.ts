import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PieceCache, Shelf } from "./piece-cache.ts";

const BYTES_MAX = 100;
const PIECES = 4;

type Entry = { readonly shelf: number; readonly piece: number; readonly length: number };

const anyPlace = { shelf: fc.nat(1), piece: fc.nat(PIECES - 1) };
/** Mostly such that a few fit, so that which one goes depends on their order. */
const anyLength = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 20, max: 45 }) },
  { weight: 1, arbitrary: fc.nat(150) },
);
const anyStep = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), ...anyPlace, length: anyLength }),
  fc.record({ kind: fc.constant("get" as const), ...anyPlace }),
  fc.record({ kind: fc.constant("clear" as const), shelf: fc.nat(1) }),
);

test("PieceCache holds what a list in the order of last use would hold", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const cache = new PieceCache({ bytesMax: BYTES_MAX });
      const shelves = [new Shelf(), new Shelf()];
      let model: Entry[] = [];
      for (const step of steps) {
        const shelf = shelves[step.shelf] ?? new Shelf();
        if (step.kind === "clear") {
          cache.clear(shelf);
          model = model.filter((each) => each.shelf !== step.shelf);
        } else if (step.kind === "get") {
          const held = cache.get(shelf, step.piece);
          const found = model.find((each) => samePlace(each, step));
          equal(held?.bytes.length ?? null, found?.length ?? null);
          if (found !== undefined) model = touched(model, found);
        } else {
          cache.put(shelf, step.piece, new Uint8Array(step.length).fill(step.piece));
          model = fitting(touched(model, step));
        }
        equal(cache.byteLength, totalBytes(model));
        deepEqual(heldPlaces(shelves), placesOf(model));
      }
    }),
  );
});

test("PieceCache given a piece larger than the whole budget keeps it alone", () => {
  const cache = new PieceCache({ bytesMax: 10 });
  const shelf = new Shelf();
  cache.put(shelf, 0, new Uint8Array(5));
  cache.put(shelf, 1, new Uint8Array(50));
  equal(cache.get(shelf, 0), null);
  equal(cache.get(shelf, 1)?.bytes.length, 50);
  cache.put(shelf, 2, new Uint8Array(1));
  equal(cache.get(shelf, 1), null);
  equal(cache.byteLength, 1);
});

test("PieceCache given an eviction leaves a slice that somebody still sends as it was", () => {
  const cache = new PieceCache({ bytesMax: 4 });
  const shelf = new Shelf();
  cache.put(shelf, 0, Uint8Array.of(1, 2, 3, 4));
  const slice = cache.get(shelf, 0)?.bytes.subarray(1, 3);
  cache.put(shelf, 1, Uint8Array.of(9, 9, 9, 9));
  equal(cache.get(shelf, 0), null);
  deepEqual([...(slice ?? [])], [2, 3]);
});

test("PieceCache.put() given a view keeps exactly its bytes, without a copy", () => {
  const cache = new PieceCache({ bytesMax: 100 });
  const shelf = new Shelf();
  const whole = Uint8Array.of(0, 1, 2, 3, 4, 5);
  cache.put(shelf, 0, whole.subarray(2, 4));
  const held = cache.get(shelf, 0)?.bytes;
  deepEqual([...(held ?? [])], [2, 3]);
  ok(held?.buffer === whole.buffer);
});

function samePlace(a: Omit<Entry, "length">, b: Omit<Entry, "length">): boolean {
  return a.shelf === b.shelf && a.piece === b.piece;
}

/** With the newest at the end. */
function touched(model: readonly Entry[], { shelf, piece, length }: Entry): Entry[] {
  const entry = { shelf, piece, length };
  return [...model.filter((each) => !samePlace(each, entry)), entry];
}

/** The newest always stays, however long it is. */
function fitting(model: readonly Entry[]): Entry[] {
  let first = 0;
  while (first < model.length - 1 && totalBytes(model.slice(first)) > BYTES_MAX) first += 1;
  return model.slice(first);
}

function totalBytes(model: readonly Entry[]): number {
  return model.reduce((sum, { length }) => sum + length, 0);
}

function placesOf(model: readonly Entry[]): string[] {
  return model.map(({ shelf, piece }) => `${shelf} ${piece}`).toSorted();
}

function heldPlaces(shelves: readonly Shelf[]): string[] {
  return shelves.flatMap(({ nodes }, shelf) =>
    [...nodes.keys()].filter((piece) => nodes[piece]).map((piece) => `${shelf} ${piece}`),
  );
}
