import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { SuperSeed } from "./super-seed.ts";

function givenSwarm(pieceCount: number, leechers: readonly string[]): SuperSeed {
  const swarm = new SuperSeed(pieceCount);
  for (const leecher of leechers) swarm.joined(leecher, []);
  return swarm;
}

test("SuperSeed offers each peer another piece, and a second only when all were offered", () => {
  const swarm = givenSwarm(3, ["a", "b", "c", "d"]);
  const offered = ["a", "b", "c"].map((leecher) => swarm.next(leecher, 0.5));
  deepEqual(offered.toSorted(), [0, 1, 2]);
  equal(swarm.next("d", 0), 0);
});

test("SuperSeed offers the next piece once the last was seen at another peer", () => {
  const swarm = givenSwarm(3, ["a", "b"]);
  equal(swarm.next("a", 0), 0);
  equal(swarm.next("a", 0), null);
  swarm.has("a", 0);
  equal(swarm.next("a", 0), null);
  swarm.has("b", 0);
  equal(swarm.next("a", 0), 1);
});

test("SuperSeed goes on with a peer that has nobody to pass its piece on to", () => {
  const swarm = givenSwarm(2, ["a"]);
  equal(swarm.next("a", 0), 0);
  swarm.has("a", 0);
  equal(swarm.next("a", 0), 1);
  swarm.has("a", 1);
  equal(swarm.next("a", 0), null);
});

test("SuperSeed offers again what left with the peer that it was offered to", () => {
  const swarm = givenSwarm(2, ["a", "b"]);
  equal(swarm.next("a", 0), 0);
  swarm.left("a");
  equal(swarm.next("b", 0), 0);
});

test("SuperSeed passes over what a peer brought with it, and what peers make up", () => {
  const swarm = givenSwarm(3, ["a"]);
  swarm.joined("b", [0, 7]);
  equal(swarm.next("a", 0), 1);
  equal(swarm.next("b", 0), 2);
  equal(swarm.next("nobody", 0), null);
});
