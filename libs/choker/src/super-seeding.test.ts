import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import {
  SUPER_SEED_PATIENCE_MS,
  SUPER_SEED_PATIENCE_MS_MIN,
  SUPER_SEED_SILENCE_MS_MAX,
  SuperSeeding,
  type SuperSeedReport,
} from "./super-seeding.ts";

const CHANCE = 7;
const NOTHING: SuperSeedReport = {
  ...{ isWhole: false, left: [], joined: [], had: [], declined: [] },
};

function joined(...leechers: readonly string[]): SuperSeedReport {
  return { ...NOTHING, joined: leechers.map((leecher) => ({ leecher, have: [], told: [] })) };
}

function had(leecher: string, ...pieces: readonly number[]): SuperSeedReport {
  return { ...NOTHING, had: [{ leecher, pieces }] };
}

test("SuperSeeding offers no piece twice over two gateways while another was not offered", () => {
  const swarm = new SuperSeeding(6, CHANCE);
  const first = swarm.heard("one", joined("a", "b", "c"), 0);
  const second = swarm.heard("two", joined("d", "e", "f"), 0);
  deepEqual(
    first.map(({ leecher }) => leecher),
    ["a", "b", "c"],
  );
  equal(new Set([...first, ...second].map(({ piece }) => piece)).size, 6);
  equal(swarm.leecherCount, 6);
});

test("SuperSeeding tells a leecher of two gateways of a piece at one of them", () => {
  const swarm = new SuperSeeding(3, CHANCE);
  const [offer] = swarm.heard("one", joined("a", "b"), 0);
  deepEqual(swarm.heard("two", joined("a"), 0), []);
  ok(offer?.leecher === "a");
  // It goes from there: what it was told of is waited for no more.
  swarm.heard("one", { ...NOTHING, left: ["a"] }, 1);
  const [next] = swarm.heard("two", NOTHING, 1);
  equal(next?.leecher, "a");
  ok(next?.piece !== offer.piece);
});

test("SuperSeeding hears at one gateway that a piece of another was passed on", () => {
  const swarm = new SuperSeeding(3, CHANCE);
  const [offer] = swarm.heard("one", joined("a"), 0);
  swarm.heard("two", joined("b", "c"), 0);
  const piece = offer?.piece ?? -1;
  deepEqual(swarm.heard("one", had("a", piece), 1), []);
  swarm.heard("two", had("b", piece), 2);
  deepEqual(
    swarm.heard("one", NOTHING, 3).map(({ leecher }) => leecher),
    ["a"],
  );
});

test("SuperSeeding waits a minute for a piece to be got, then offers it to another", () => {
  const swarm = new SuperSeeding(2, CHANCE);
  const [offer] = swarm.heard("one", joined("a"), 0);
  deepEqual(swarm.heard("one", NOTHING, SUPER_SEED_PATIENCE_MS - 1), []);
  const again = swarm.heard("one", joined("b"), SUPER_SEED_PATIENCE_MS);
  equal(again.find(({ leecher }) => leecher === "b")?.piece, offer?.piece);
  ok(again.find(({ leecher }) => leecher === "a")?.piece !== offer?.piece);
});

test("SuperSeeding offers another piece at once to who wants none that it knows of", () => {
  const swarm = new SuperSeeding(2, CHANCE);
  const [offer] = swarm.heard("one", joined("a"), 0);
  const declined = { ...NOTHING, declined: ["a", "nobody"] };
  // It was told of it elsewhere.
  deepEqual(swarm.heard("two", declined, 1), []);
  const [next] = swarm.heard("one", declined, 1);
  ok(next !== undefined && next.piece !== offer?.piece);
  deepEqual(swarm.heard("two", joined("b"), 2), [{ leecher: "b", piece: offer?.piece }]);
});

test("SuperSeeding waits ever shorter for who cannot share, and longer again once it does", () => {
  const swarm = new SuperSeeding(12, CHANCE);
  // Somebody who downloads nothing, so that every piece could be passed on.
  swarm.heard("two", joined("lurker"), 0);
  let nowMs = 0;
  let [offer] = swarm.heard("one", joined("a"), nowMs);
  const waits: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    const sinceMs = nowMs;
    let next = swarm.heard("one", had("a", offer?.piece ?? -1), nowMs);
    for (; next.length === 0; next = swarm.heard("one", NOTHING, nowMs)) nowMs += 500;
    waits.push(nowMs - sinceMs);
    [offer] = next;
  }
  const least = SUPER_SEED_PATIENCE_MS_MIN;
  deepEqual(waits, [60_000, 30_000, 15_000, 7_500, least, least]);
  swarm.heard("two", had("lurker", offer?.piece ?? -1), nowMs);
  [offer] = swarm.heard("one", had("a", offer?.piece ?? -1), nowMs);
  ok(offer !== undefined);
  swarm.heard("one", had("a", offer.piece), nowMs);
  deepEqual(swarm.heard("one", NOTHING, nowMs + SUPER_SEED_PATIENCE_MS - 1), []);
  equal(swarm.heard("one", NOTHING, nowMs + SUPER_SEED_PATIENCE_MS).length, 1);
});

test("SuperSeeding leaves leechers to each other for what two have, while that feeds them", () => {
  const swarm = new SuperSeeding(4, CHANCE);
  const offers = swarm.heard("one", joined("a", "b", "c"), 0);
  const pieces = offers.map(({ piece }) => piece);
  const [ofA = -1, ofB = -1] = pieces;
  const fourth = [0, 1, 2, 3].find((piece) => !pieces.includes(piece)) ?? -1;
  // "a" gets its own and that of "b", which another has too.
  swarm.heard("one", had("b", ofB), 1);
  swarm.heard("one", had("c", ofB), 1);
  const fed = { ...NOTHING, had: [{ leecher: "a", pieces: [ofB, fourth] }] };
  swarm.heard("one", { ...fed, had: [...fed.had, { leecher: "b", pieces: [ofA, fourth] }] }, 2);
  // What is offered to "c" is all that "a" lacks, and one leecher only is to have it.
  const lacks = pieces[2] ?? -1;
  swarm.heard("one", had("b", lacks), 3);
  deepEqual(swarm.heard("one", had("a", ofA), 3), [], "it is fed by the others");
  const later = swarm.heard("one", NOTHING, SUPER_SEED_PATIENCE_MS_MIN);
  deepEqual(later, [{ leecher: "a", piece: lacks }]);
});

test("SuperSeeding forgets a gateway that says nothing, and takes a whole report for all", () => {
  const swarm = new SuperSeeding(4, CHANCE);
  swarm.heard("one", joined("a", "b"), 0);
  swarm.heard("two", joined("b", "c"), 0);
  swarm.heard("two", NOTHING, SUPER_SEED_SILENCE_MS_MAX);
  swarm.forgetSilent(SUPER_SEED_SILENCE_MS_MAX + 1);
  deepEqual([swarm.knows("one"), swarm.knows("two")], [false, true]);
  deepEqual([swarm.gatewayCount, swarm.leecherCount], [1, 2]);
  const whole = { ...joined("d"), isWhole: true };
  deepEqual(
    swarm.heard("two", whole, SUPER_SEED_SILENCE_MS_MAX).map(({ leecher }) => leecher),
    ["d"],
  );
  equal(swarm.leecherCount, 1);
});

test("SuperSeeding goes on where another left off, by what gateways say they told", () => {
  const swarm = new SuperSeeding(3, CHANCE);
  const left = [
    { leecher: "a", have: [0], told: [1] },
    { leecher: "b", have: [], told: [] },
  ];
  const offers = swarm.heard("one", { ...NOTHING, isWhole: true, joined: left }, 0);
  deepEqual(offers, [{ leecher: "b", piece: 2 }]);
});
