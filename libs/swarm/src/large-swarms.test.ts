import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PeerSample } from "./peer-sample.ts";
import type { PeerAnnounce, PeerState } from "./swarm-peer.ts";
import { SnapshotCursor } from "./swarm-snapshot.ts";
import { Swarms } from "./swarms.ts";
import { givenChance, givenInfoHash } from "./testing.ts";

const STATES: readonly PeerState[] = ["leecher", "seed", "partial-seed"];
const SECOND = 1_000;
const TIMEOUT_TICKS = 100;
const PEERS = 3_000;
const SWARMS = 4;

const limits = { peersPerSwarmMax: 1e6, peersMax: 1e7, swarmsMax: 1e6, peerIdsMax: 0 };
const config = { peerTimeoutMs: TIMEOUT_TICKS * SECOND, ...limits };

// Pools grow past the size where they get an index, shrink back, and move each other's blocks.
for (const endpointBytes of [6, 18] as const) {
  test(`Swarms keeps pools of every size right, ${endpointBytes} bytes an endpoint`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 30 }), (seed) => {
        const chance = givenChance(seed);
        const swarms = new Swarms(config, givenChance(seed));
        const model = new Map<string, number>();
        let now = 0;
        let grows = true;
        for (let step = 0; step < 12_000; step += 1) {
          if (step % 3_000 === 0) grows = step % 6_000 === 0;
          const swarm = chance.below(SWARMS);
          const peer = givenMany(chance.below(PEERS), chance.below(3), endpointBytes);
          const key = `${swarm} ${hexOf(peer)}`;
          if (chance.below(10) < (grows ? 8 : 2)) {
            const outcome = swarms.announce(givenInfoHash(swarm), peer, now * SECOND);
            equal(outcome, model.has(key) ? "stayed" : "joined");
            model.set(key, now);
          } else {
            const removed = swarms.remove(givenInfoHash(swarm), peer, now * SECOND);
            equal(removed, model.delete(key));
          }
          if (chance.below(200) !== 0) continue;
          now += chance.below(20);
          equal(swarms.expire(now * SECOND), expireOf(model, now));
        }
        equal(swarms.peerCount, model.size);
        equal(everyone(swarms).toSorted().join(), [...model.keys()].toSorted().join());
      }),
      { numRuns: 6 },
    );
  });
}

test("snapshot() in slices tells every peer that stays while others come and go", () => {
  const chance = givenChance(7);
  const swarms = new Swarms(config, givenChance(8));
  const staying = new Set<string>();
  for (let number = 0; number < 2_000; number += 1) {
    const peer = givenMany(number, 0, 6);
    swarms.announce(givenInfoHash(number % SWARMS), peer, 0);
    if (number % 3 === 0) staying.add(`${number % SWARMS} ${hexOf(peer)}`);
  }
  const cursor = new SnapshotCursor();
  const told: string[] = [];
  const visitor = visitorOf(told);
  while (!swarms.snapshot(cursor, visitor, 7)) {
    const leaves = 3 * chance.below(600) + 1;
    swarms.remove(givenInfoHash(leaves % SWARMS), givenMany(leaves, 0, 6), 0);
    swarms.announce(givenInfoHash(chance.below(9)), givenMany(5_000 + told.length, 0, 6), 0);
  }
  for (const each of staying) ok(told.includes(each), each);
});

test("a flood of peers that stop and start again leaves no memory behind", () => {
  const swarms = new Swarms(config, givenChance(9));
  const rounds = Array.from({ length: 6 }, (_, round) => {
    for (let number = 0; number < 20_000; number += 1) {
      const peer = givenMany(number, 0, 6);
      swarms.announce(givenInfoHash(number % 2_000), peer, round * SECOND);
      if (number % 7 !== 0) swarms.remove(givenInfoHash(number % 2_000), peer, round * SECOND);
    }
    return swarms.bytes;
  });
  equal(rounds.at(-1), rounds[1]);
});

test("peers that leave swarms of every size leave no memory behind", () => {
  const swarms = new Swarms(config, givenChance(10));
  swarms.announce(givenInfoHash(0), givenMany(0, 0, 6), 0);
  const before = swarms.bytes;
  for (const size of [2, 5, 19, 71, 300, 2_000]) {
    const peers = Array.from({ length: 20_000 }, (_, number) => number);
    const swarmOf = (number: number): Uint8Array => givenInfoHash(1 + Math.floor(number / size));
    for (const number of peers) swarms.announce(swarmOf(number), givenMany(number, 0, 6), 0);
    for (const number of peers) swarms.remove(swarmOf(number), givenMany(number, 0, 6), 0);
  }
  equal(swarms.peerCount, 1);
  // Rows, their index and one slab a size are kept.
  ok(swarms.bytes - before < 4e6, `${swarms.bytes - before} bytes more`);
});

test("a million IPv4 peers in swarms of ten take less than 24 bytes each, all told", () => {
  const swarms = new Swarms(config, givenChance(11));
  const infoHash = new Uint8Array(20);
  const view = new DataView(infoHash.buffer);
  for (let number = 0; number < 1_000_000; number += 1) {
    view.setUint32(4, number % 100_000);
    swarms.announce(infoHash, givenMany(number, number % 3 === 0 ? 1 : 0, 6), 0);
  }
  equal(swarms.peerCount, 1_000_000);
  ok(swarms.bytes / 1e6 < 24, `${swarms.bytes / 1e6} bytes`);
});

/** One object each, so that a million are made in no time. */
const many = {
  6: { endpoint: new Uint8Array(18), endpointBytes: 6 as 6 | 18 },
  18: { endpoint: new Uint8Array(18), endpointBytes: 18 as 6 | 18 },
};

function givenMany(number: number, state: number, endpointBytes: 6 | 18): PeerAnnounce {
  const { endpoint } = many[endpointBytes];
  // Few addresses and ports, so that many peers have either in common.
  const addressEnd = endpointBytes - 2;
  endpoint[addressEnd - 2] = number >>> 12;
  endpoint[addressEnd - 1] = number & 63;
  endpoint[addressEnd] = 1;
  endpoint[addressEnd + 1] = number >>> 6;
  return {
    ...many[endpointBytes],
    peerId: new Uint8Array(0),
    state: STATES[state] ?? "leecher",
    completed: false,
  };
}

function hexOf({ endpoint, endpointBytes }: PeerAnnounce): string {
  return Buffer.from(endpoint.subarray(0, endpointBytes)).toString("hex");
}

function expireOf(model: Map<string, number>, now: number): number {
  const old = [...model].filter(([, at]) => now - at > TIMEOUT_TICKS);
  for (const [key] of old) model.delete(key);
  return old.length;
}

function visitorOf(told: string[]): Parameters<Swarms["snapshot"]>[1] {
  let swarm = 0;
  return {
    swarm: (infoHash) => {
      swarm = infoHash[19] ?? 0;
    },
    peer: (peer) => told.push(`${swarm} ${hexOf({ ...peer, completed: false })}`),
  };
}

function everyone(swarms: Swarms): string[] {
  const told: string[] = [];
  swarms.snapshot(new SnapshotCursor(), visitorOf(told), Number.POSITIVE_INFINITY);
  const sample = new PeerSample(PEERS);
  for (let swarm = 0; swarm < SWARMS; swarm += 1) {
    for (const bytes of [6, 18] as const) {
      const asker = givenMany(PEERS + 1, 0, bytes);
      sample.clear(bytes);
      swarms.sample(swarms.find(givenInfoHash(swarm)), { ...asker, numWant: PEERS }, sample);
      const seen = Array.from({ length: sample.count }, (_, at) => {
        const endpoint = sample.endpoints.subarray(at * bytes, (at + 1) * bytes);
        return `${swarm} ${Buffer.from(endpoint).toString("hex")}`;
      });
      for (const each of seen) ok(told.includes(each), `${each} is only in a sample`);
    }
  }
  return told;
}
