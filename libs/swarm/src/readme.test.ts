import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { endpointOf } from "@seedfleet/bytes";
import { Swarms } from "./index.ts";
import { givenChance, givenInfoHash, givenPeerId } from "./testing.ts";

test("the example of README.md holds", () => {
  const [infoHash, peerId, rng, nowMs] = [givenInfoHash(), givenPeerId(), givenChance(), 1_000];
  const swarms = new Swarms({ peerTimeoutMs: 2_700_000, peersPerSwarmMax: 100_000, peersMax: 1e6 });
  const endpoint = endpointOf("192.0.2.7", 6881);
  ok(endpoint !== null);
  swarms.announce(infoHash, { endpoint, peerId, state: "leecher", completed: false }, nowMs);
  const request = { asker: endpoint, state: "leecher", numWant: 50 } as const;
  deepEqual(swarms.sample(infoHash, request, rng), []);
  deepEqual(swarms.counts(infoHash), { seeders: 0, leechers: 1, downloaded: 0 });
  equal(swarms.expire(nowMs), 0);
});
