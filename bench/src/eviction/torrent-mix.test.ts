import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { seededRng } from "@seedfleet/runtime";
import { layOut, roughly, shuffled, zipf } from "./torrent-mix.ts";

test("layOut() numbers pieces over all torrents", () => {
  deepEqual(
    layOut([
      { bytes: 5, pieceBytes: 2 },
      { bytes: 8, pieceBytes: 4 },
    ]),
    {
      pieceBytes: [2, 2, 2, 4, 4],
      torrents: [
        [0, 1, 2],
        [3, 4],
      ],
    },
  );
});

test("zipf() draws the first of three ranks six times in eleven, and the last twice", () => {
  const rank = zipf(seededRng(1), 3);
  const drawn = [0, 0, 0];
  for (let draw = 0; draw < 11_000; draw += 1) {
    const at = rank();
    drawn[at] = (drawn[at] ?? 0) + 1;
  }
  const [first = 0, second = 0, third = 0] = drawn;
  ok(Math.abs(first - 6_000) < 200, drawn.join());
  ok(Math.abs(second - 3_000) < 200, drawn.join());
  ok(Math.abs(third - 2_000) < 200, drawn.join());
});

test("shuffled() keeps every item, and roughly() keeps each near its place", () => {
  const items = Array.from({ length: 1_000 }, (_, at) => at);
  const byNumber = (a: number, b: number): number => a - b;
  const rng = seededRng(1);
  deepEqual(shuffled(rng, items).toSorted(byNumber), items);
  const order = roughly(rng, items, 0.1);
  deepEqual(order.toSorted(byNumber), items);
  // By a tenth of the whole at most, and whoever it passes likewise.
  ok(order.every((item, at) => Math.abs(item - at) <= 200));
  ok(order.some((item, at) => item !== at));
});
