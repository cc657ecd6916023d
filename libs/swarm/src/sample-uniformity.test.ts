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
