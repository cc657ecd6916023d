import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { peerKey } from "@seedfleet/choker";
import { SUPER_SEED_HAD_MAX, SUPER_SEED_JOINED_MAX } from "@seedfleet/contracts";
import {
  DECLINES_AFTER_MS,
  SAYS_WHAT_IT_HAS_MS_MAX,
  SeededLeechers,
  type TellsPieces,
} from "./seeded-leechers.ts";

const PIECES = 8;
const [ONE, TWO] = [peerKey("connection-1"), peerKey("connection-2")];

test("SeededLeechers reports a leecher once it said what it has, or has had time to", () => {
  const leechers = new SeededLeechers(PIECES);
  leechers.join("says", ONE, new Told(), 0);
  leechers.join("silent", TWO, new Told(), 0);
  deepEqual(leechers.takeReport(0).joined, []);
  ok(leechers.had(ONE, [1, 99]));
  deepEqual(namesOf(leechers, 1), ["says"]);
  deepEqual(namesOf(leechers, SAYS_WHAT_IT_HAS_MS_MAX), ["silent"]);
  deepEqual(namesOf(leechers, 1_000), []);
});

test("SeededLeechers reports what a leecher gets, and that its offer calls for the next", () => {
  const leechers = new SeededLeechers(PIECES);
  const told = new Told();
  leechers.join("a", ONE, told, 0);
  leechers.had(ONE, []);
  leechers.takeReport(0);
  leechers.offered("a", 3, 0);
  deepEqual(told.pieces, [[3]]);
  ok(!leechers.had(ONE, [5]));
  ok(leechers.had(ONE, [3, 5]));
  deepEqual(leechers.takeReport(0).had, [{ leecher: "a", pieces: [5, 3] }]);
  deepEqual(leechers.takeReport(0).had, []);
  leechers.leave(ONE);
  ok(!leechers.isSilent);
  deepEqual(leechers.takeReport(0).left, ["a"]);
  ok(leechers.isSilent);
  leechers.offered("a", 4, 0);
  deepEqual(told.pieces, [[3]]);
});

test("SeededLeechers that learns who a peer is takes what it has and was told of along", () => {
  const leechers = new SeededLeechers(PIECES);
  const told = new Told();
  leechers.join("by id", ONE, told, 0);
  leechers.had(ONE, [0]);
  leechers.takeReport(0);
  leechers.offered("by id", 3, 0);
  leechers.rename(ONE, "by port", 0);
  leechers.rename(ONE, "by port", 0);
  const { joined, left } = leechers.takeReport(0);
  deepEqual(
    joined.map(({ leecher, have, told }) => [leecher, [...have.pieces()], told]),
    [["by port", [0], [3]]],
  );
  deepEqual(left, ["by id"]);
  leechers.offered("by port", 4, 0);
  deepEqual(told.pieces, [[3], [4]]);
});

test("SeededLeechers reports all anew: what each has, and was told of and has not got", () => {
  const leechers = new SeededLeechers(PIECES);
  leechers.join("a", ONE, new Told(), 0);
  leechers.had(ONE, [0]);
  leechers.takeReport(0);
  for (const piece of [1, 2, 1]) leechers.offered("a", piece, 0);
  leechers.had(ONE, [7]);
  leechers.unreport();
  const { joined, had } = leechers.takeReport(0);
  deepEqual(
    joined.map(({ leecher, have, told }) => [leecher, [...have.pieces()], told]),
    [["a", [0, 7], [2, 1]]],
  );
  deepEqual(had, []);
});

test("SeededLeechers tells one of a leecher's connections, and anew when that one ends", () => {
  const leechers = new SeededLeechers(PIECES);
  const [first, second] = [new Told(), new Told()];
  leechers.join("a", ONE, first, 0);
  leechers.join("a", TWO, second, 0);
  equal(leechers.count, 1);
  leechers.had(ONE, []);
  leechers.takeReport(0);
  leechers.offered("a", 1, 0);
  leechers.leave(ONE);
  const { left, joined } = leechers.takeReport(0);
  deepEqual([left, joined.map(({ told }) => told)], [["a"], [[]]]);
  leechers.offered("a", 2, 0);
  deepEqual([first.pieces, second.pieces], [[[1]], [[2]]]);
  leechers.tellAll();
  deepEqual([first.pieces, second.pieces], [[[1]], [[2], "all"]]);
});

test("SeededLeechers tells no more at once than a message holds", () => {
  const many = SUPER_SEED_HAD_MAX + 1;
  const leechers = new SeededLeechers(many);
  for (let at = 0; at <= SUPER_SEED_JOINED_MAX; at += 1) {
    leechers.join(`${at}`, peerKey(`key-${at}`), new Told(), 0);
    leechers.had(peerKey(`key-${at}`), []);
  }
  const first = leechers.takeReport(0);
  deepEqual([first.joined.length, first.hasMore], [SUPER_SEED_JOINED_MAX, true]);
  leechers.had(
    peerKey("key-0"),
    Array.from({ length: many }, (_, piece) => piece),
  );
  const second = leechers.takeReport(0);
  deepEqual([second.joined.length, second.hasMore], [1, true]);
  equal(second.had[0]?.pieces.length, SUPER_SEED_HAD_MAX);
  const third = leechers.takeReport(0);
  deepEqual([third.had[0]?.pieces, third.hasMore], [[many - 1], false]);
});

test("SeededLeechers reports who wants nothing of what it was told of, once an offer", () => {
  const leechers = new SeededLeechers(PIECES);
  leechers.join("a", ONE, new Told(), 0);
  leechers.had(ONE, []);
  leechers.takeReport(0);
  leechers.offered("a", 1, 0);
  deepEqual(leechers.takeReport(DECLINES_AFTER_MS - 1).declined, []);
  deepEqual(leechers.takeReport(DECLINES_AFTER_MS).declined, ["a"]);
  deepEqual(leechers.takeReport(2 * DECLINES_AFTER_MS).declined, []);
  leechers.offered("a", 2, 0);
  leechers.interestChanged(ONE, true);
  deepEqual(leechers.takeReport(DECLINES_AFTER_MS).declined, []);
  // It has what it wanted, and the other piece as well.
  leechers.had(ONE, [1, 2]);
  leechers.interestChanged(ONE, false);
  deepEqual(leechers.takeReport(DECLINES_AFTER_MS).declined, []);
});

/** A connection that notes what it is told of. */
class Told implements TellsPieces {
  readonly pieces: (readonly number[] | "all")[] = [];

  tell(pieces: readonly number[] | "all"): void {
    this.pieces.push(pieces);
  }
}

function namesOf(leechers: SeededLeechers, nowMs: number): readonly string[] {
  return leechers.takeReport(nowMs).joined.map(({ leecher }) => leecher);
}
