import { equal } from "node:assert/strict";
import { test } from "node:test";
import type { PeerEndpoint } from "@seedfleet/swarm";
import { TOMBSTONES_MAX, Tombstones } from "./tombstones.ts";

const SWARM = new Uint8Array(20);

test("Tombstones.isOver() of announces from before a peer stopped, and of those only", () => {
  const tombstones = new Tombstones();
  equal(tombstones.isOver(SWARM, givenPeer(1), 5), false);
  tombstones.stopped(SWARM, givenPeer(1), 10);
  equal(tombstones.isOver(SWARM, givenPeer(1), 5), true);
  equal(tombstones.isOver(SWARM, givenPeer(1), 10), false);
  equal(tombstones.isOver(SWARM, givenPeer(2), 5), false);
});

test("Tombstones keeps the later of two stops, in whatever order they come", () => {
  const tombstones = new Tombstones();
  tombstones.stopped(SWARM, givenPeer(1), 10);
  tombstones.stopped(SWARM, givenPeer(1), 5);
  equal(tombstones.isOver(SWARM, givenPeer(1), 7), true);
});

test("Tombstones forgets after five minutes, and more than so many", () => {
  const tombstones = new Tombstones();
  for (let peer = 0; peer < TOMBSTONES_MAX + 10; peer += 1) {
    tombstones.stopped(SWARM, givenPeer(peer), peer);
  }
  equal(tombstones.count, TOMBSTONES_MAX);
  equal(tombstones.isOver(SWARM, givenPeer(9), 0), false);
  equal(tombstones.isOver(SWARM, givenPeer(10), 0), true);
  tombstones.expire(300_010 + 50_000);
  equal(tombstones.count, 50_000);
});

function givenPeer(peer: number): PeerEndpoint {
  const endpoint = new Uint8Array(6);
  new DataView(endpoint.buffer).setUint32(0, peer);
  return { endpoint, endpointBytes: 6 };
}
