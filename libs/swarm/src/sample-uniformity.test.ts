import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { PeerSample } from "./peer-sample.ts";
import { Swarms } from "./swarms.ts";
import { givenChance, givenEndpoint, givenInfoHash, givenPeer } from "./testing.ts";

const PEERS = 12;
const ROUNDS = 20_000;

/** The chi-squared value that 11 degrees of freedom exceed once in a thousand runs. */
const CHI_SQUARED_MAX = 31.26;

const PAIR_DEVIATIONS_MAX = 4.8;

// Ports 1 to 12 are others, five of them seeds; the asker of port 13 is a member as well.
const infoHash = givenInfoHash();
const limits = { peersPerSwarmMax: 100, peersMax: 100, swarmsMax: 1, peerIdsMax: 0 };
const config = { peerTimeoutMs: 1, ...limits };
const numWants = [1, 4, 11] as const;

for (const numWant of numWants) {
  test(`sample() given numWant ${numWant} hands out everyone equally often`, () => {
    const counts = drawMany(numWant);
    const expected = (ROUNDS * numWant) / PEERS;
    // Without replacement the counts vary less than they would with, by this factor.
    const spread = (PEERS - numWant) / (PEERS - 1);
    const sum = [...counts.values()].reduce((total, n) => total + (n - expected) ** 2, 0);
    const chiSquared = sum / (expected * spread);
    ok(counts.size === PEERS && chiSquared < CHI_SQUARED_MAX, `chi-squared is ${chiSquared}`);
  });
}

test("sample() puts everyone first equally often", () => {
  const counts = drawMany(4, (ports) => ports.slice(0, 1));
  const expected = ROUNDS / PEERS;
  const sum = [...counts.values()].reduce((total, n) => total + (n - expected) ** 2, 0);
  ok(sum / expected < CHI_SQUARED_MAX, `chi-squared is ${sum / expected}`);
});

// Both ways of drawing: few of many, and most of them.
for (const numWant of [3, 8]) {
  test(`sample() given numWant ${numWant} hands out every pair equally often`, () => {
    const pairs = drawMany(numWant, (ports) => {
      return ports.flatMap((a, at) => ports.slice(at + 1).map((b) => pairOf(a, b)));
    });
    const pairCount = (PEERS * (PEERS - 1)) / 2;
    const share = (numWant * (numWant - 1)) / (PEERS * (PEERS - 1));
    // A pair comes or does not, 20,000 times: so far from its share, one of 66 is once in 10,000.
    const deviation = Math.sqrt(ROUNDS * share * (1 - share));
    equal(pairs.size, pairCount);
    for (const [pair, times] of pairs) {
      const off = Math.abs(times - ROUNDS * share) / deviation;
      ok(off < PAIR_DEVIATIONS_MAX, `pair ${pair} is ${off} standard deviations off`);
    }
    const sum = [...pairs.values()].reduce((total, n) => total + (n - ROUNDS * share) ** 2, 0);
    ok(sum / pairCount / deviation ** 2 < 1.6, "pairs vary more than chance has it");
  });
}

function pairOf(a: number, b: number): number {
  return Math.min(a, b) * 100 + Math.max(a, b);
}

function drawMany(
  numWant: number,
  counted: (sample: readonly number[]) => readonly number[] = (sample) => sample,
): Map<number, number> {
  const swarms = new Swarms(config, givenChance(42));
  for (let port = 1; port <= PEERS + 1; port += 1) {
    swarms.announce(infoHash, givenPeer(port, { state: port <= 5 ? "seed" : "leecher" }), 0);
  }
  const request = { ...givenEndpoint(PEERS + 1), state: "leecher", numWant } as const;
  const counts = new Map<number, number>();
  const into = new PeerSample(PEERS);
  for (let round = 0; round < ROUNDS; round += 1) {
    into.clear(6);
    swarms.sample(swarms.find(infoHash), request, into);
    const ports = Array.from({ length: into.count }, (_, at) => into.endpoints[at * 6 + 5] ?? 0);
    for (const key of counted(ports)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

// Of so many, peers are drawn in runs. Half of them are seeds.
const MANY = 300;
const MANY_ROUNDS = 6_000;
const RUN_PEERS = 4;

for (const { numWant, memberAt } of [
  { numWant: 50, memberAt: 40 },
  { numWant: 50, memberAt: null },
  { numWant: 7, memberAt: 299 },
]) {
  const asker = memberAt === null ? "who is not in it" : `at ${memberAt}`;
  test(`sample() of many for ${numWant}, given an asker ${asker}, hands out all alike`, () => {
    const { counts, first, pairs } = drawRuns(numWant, memberAt);
    const others = memberAt === null ? MANY : MANY - 1;
    equal(counts.filter((times) => times > 0).length, others);
    const share = numWant / others;
    const expected = MANY_ROUNDS * share;
    const sum = counts.reduce((total, n) => total + (n === 0 ? 0 : (n - expected) ** 2), 0);
    // Neighbours come together, so the sum has some 109 degrees of freedom, not 299.
    const chiSquared = sum / (expected * (1 - share));
    ok(chiSquared < others + 4 * others * Math.sqrt(2 / 109), `chi-squared is ${chiSquared}`);
    const firstExpected = MANY_ROUNDS / others;
    const firstSum = first.reduce((total, n) => total + (n - firstExpected) ** 2, 0);
    // The asker is never first, which adds what one of the others was expected.
    ok(firstSum / firstExpected < others + firstExpected + 4 * Math.sqrt(2 * others));
    // What the runs cost: the next one comes along three times of four, and as often as ever else.
    const along = pairs / counts.reduce((total, n) => total + n, 0);
    ok(along < (RUN_PEERS - 1) / RUN_PEERS + share, `the next comes along ${along} of the times`);
  });
}

function drawRuns(
  numWant: number,
  memberAt: number | null,
): { counts: number[]; first: number[]; pairs: number } {
  const room = { ...config, peersPerSwarmMax: 1_000, peersMax: 1_000 };
  const swarms = new Swarms(room, givenChance(43));
  const portOf = (position: number): number => 1_000 + position;
  for (let each = 0; each < MANY; each += 1) {
    const state = each < MANY / 2 ? "leecher" : "seed";
    swarms.announce(infoHash, givenPeer(portOf(each), { state }), 0);
  }
  const asking = givenEndpoint(memberAt === null ? 1 : portOf(memberAt));
  const request = { ...asking, state: "leecher", numWant } as const;
  const counts = new Array<number>(MANY).fill(0);
  const first = new Array<number>(MANY).fill(0);
  let pairs = 0;
  const into = new PeerSample(numWant);
  for (let round = 0; round < MANY_ROUNDS; round += 1) {
    into.clear(6);
    swarms.sample(swarms.find(infoHash), request, into);
    const sampled = Array.from({ length: into.count }, (_, at) => {
      const [high = 0, low = 0] = into.endpoints.subarray(at * 6 + 4, at * 6 + 6);
      return high * 256 + low - 1_000;
    });
    const seen = new Set(sampled);
    equal(seen.size, numWant);
    for (const position of sampled) {
      counts[position] = (counts[position] ?? 0) + 1;
      if (seen.has(position + 1)) pairs += 1;
    }
    for (const [at, position] of sampled.entries()) {
      equal(into.stateOf(at), position < MANY / 2 ? "leecher" : "seed");
    }
    const [begin = 0] = sampled;
    first[begin] = (first[begin] ?? 0) + 1;
  }
  return { counts, first, pairs };
}
