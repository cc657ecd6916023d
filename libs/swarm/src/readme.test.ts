import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { PeerSample, Swarms } from "./index.ts";
import { givenChance, givenEndpoint, givenInfoHash, givenPeerId } from "./testing.ts";

test("the example of README.md holds", () => {
  const [infoHash, peerId, rng, nowMs] = [givenInfoHash(), givenPeerId(), givenChance(), 1_000];
  const limits = { peersPerSwarmMax: 100_000, peersMax: 1e6, swarmsMax: 1e6, peerIdsMax: 1e5 };
  const swarms = new Swarms({ peerTimeoutMs: 2_700_000, ...limits }, rng);
  const sample = new PeerSample(200);

  const where = givenEndpoint(6881);
  swarms.announce(infoHash, { ...where, peerId, state: "leecher", completed: false }, nowMs);
  const swarm = swarms.find(infoHash);
  sample.clear(where.endpointBytes);
  swarms.sample(swarm, { ...where, state: "leecher", numWant: 50 }, sample);
  equal(sample.count, 0);
  deepEqual(swarms.counts(swarm), { seeders: 0, leechers: 1, partialSeeds: 0, downloaded: 0 });
  equal(swarms.expire(nowMs), 0);
});
