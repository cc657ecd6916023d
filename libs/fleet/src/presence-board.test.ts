import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { PRESENCE_EXPIRY_MS } from "@seedfleet/contracts";
import { PresenceBoard } from "./presence-board.ts";
import { givenPresence } from "./testing.ts";

const heard = [
  { given: "nobody", hear: [], atMs: 0, then: [] },
  { given: "one just heard", hear: [["a", 0]], atMs: 0, then: ["a"] },
  { given: "one at its expiry", hear: [["a", 0]], atMs: PRESENCE_EXPIRY_MS, then: ["a"] },
  { given: "one past its expiry", hear: [["a", 0]], atMs: PRESENCE_EXPIRY_MS + 1, then: [] },
  {
    given: "one heard again in time",
    hear: [
      ["a", 0],
      ["a", 5_000],
    ],
    atMs: 11_000,
    then: ["a"],
  },
  {
    given: "several, told in the order of their ids",
    hear: [
      ["c", 0],
      ["a", 1],
      ["b", 2],
    ],
    atMs: 3,
    then: ["a", "b", "c"],
  },
  {
    given: "one that fell silent among others",
    hear: [
      ["a", 0],
      ["b", 4_000],
    ],
    atMs: 6_001,
    then: ["b"],
  },
] as const;

for (const { given, hear, atMs, then } of heard) {
  test(`PresenceBoard.present() given ${given}`, () => {
    const board = new PresenceBoard();
    for (const [id, heardAtMs] of hear) board.hear(givenPresence(id), heardAtMs);
    deepEqual(idsOf(board.present("tracker", atMs)), then);
  });
}

test("PresenceBoard.available() given one that drains leaves it out, until it does not", () => {
  const board = new PresenceBoard();
  board.hear(givenPresence("a"), 0);
  board.hear(givenPresence("b", { draining: true }), 0);
  deepEqual(idsOf(board.available("tracker", 0)), ["a"]);
  deepEqual(idsOf(board.present("tracker", 0)), ["a", "b"]);
  board.hear(givenPresence("b"), 1);
  deepEqual(idsOf(board.available("tracker", 1)), ["a", "b"]);
});

test("PresenceBoard given one id in two roles keeps both", () => {
  const board = new PresenceBoard();
  board.hear(givenPresence("a"), 0);
  board.hear(givenPresence("a", { role: "gateway" }), 0);
  deepEqual(idsOf(board.present("tracker", 0)), ["a"]);
  deepEqual(idsOf(board.present("gateway", 0)), ["a"]);
  deepEqual(board.present("console", 0), []);
});

test("PresenceBoard.present() given a newer word of the same process tells that", () => {
  const board = new PresenceBoard();
  board.hear(givenPresence("a", { load: 0.25 }), 0);
  board.hear(givenPresence("a", { load: 0.75 }), 1);
  deepEqual(
    board.present("tracker", 1).map(({ load }) => load),
    [0.75],
  );
});

function idsOf(presences: readonly { readonly id: string }[]): string[] {
  return presences.map(({ id }) => id);
}
