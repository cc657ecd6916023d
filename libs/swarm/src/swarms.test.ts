import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { SwarmPeer } from "./swarm-peer.ts";
import { Swarms, type SwarmsConfig } from "./swarms.ts";
import { givenChance, givenEndpoint, givenInfoHash, givenPeer, givenPeerId } from "./testing.ts";

const config: SwarmsConfig = { peerTimeoutMs: 100, peersPerSwarmMax: 3, peersMax: 4 };
const infoHash = givenInfoHash();

test("announce() given a newcomer counts it and says so", () => {
  const swarms = new Swarms(config);
  equal(swarms.announce(infoHash, givenPeer(1), 0), "joined");
  equal(swarms.announce(infoHash, givenPeer(2, { state: "seed" }), 0), "joined");
  deepEqual(swarms.counts(infoHash), { seeders: 1, leechers: 1, downloaded: 0 });
  deepEqual([swarms.swarmCount, swarms.peerCount], [1, 2]);
});

test("announce() given a known endpoint takes its new peer id and state", () => {
  const swarms = new Swarms(config);
  swarms.announce(infoHash, givenPeer(1), 0);
  const changed = givenPeer(1, { peerId: givenPeerId(9), state: "seed" });
  equal(swarms.announce(infoHash, changed, 1), "stayed");
  deepEqual(swarms.counts(infoHash), { seeders: 1, leechers: 0, downloaded: 0 });
  deepEqual(
    everyone(swarms).map(({ peerId }) => peerId),
    [givenPeerId(9)],
  );
});

test("announce() given a completion counts one download, however often it is said", () => {
  const swarms = new Swarms(config);
  swarms.announce(infoHash, givenPeer(1), 0);
  const completed = givenPeer(1, { state: "seed", completed: true });
  swarms.announce(infoHash, completed, 1);
  swarms.announce(infoHash, completed, 2);
  equal(swarms.counts(infoHash).downloaded, 1);
});

test("announce() given a full swarm does not remember the newcomer, but those it knows", () => {
  const swarms = new Swarms(config);
  for (const port of [1, 2, 3]) swarms.announce(infoHash, givenPeer(port), 0);
  equal(swarms.announce(infoHash, givenPeer(4), 0), "full");
  equal(swarms.announce(infoHash, givenPeer(3), 0), "stayed");
  equal(swarms.announce(givenInfoHash(2), givenPeer(1), 0), "joined");
  equal(swarms.announce(givenInfoHash(2), givenPeer(2), 0), "full");
  equal(swarms.peerCount, 4);
});

test("remove() given the last peer forgets the swarm, unless it remembers downloads", () => {
  const swarms = new Swarms(config);
  swarms.announce(infoHash, givenPeer(1), 0);
  equal(swarms.remove(infoHash, givenEndpoint(1)), true);
  equal(swarms.remove(infoHash, givenEndpoint(1)), false);
  equal(swarms.swarmCount, 0);
  swarms.announce(infoHash, givenPeer(1, { state: "seed", completed: true }), 0);
  swarms.remove(infoHash, givenEndpoint(1));
  deepEqual(swarms.counts(infoHash), { seeders: 0, leechers: 0, downloaded: 1 });
});

test("drop() forgets one swarm with its peers and downloads", () => {
  const swarms = new Swarms(config);
  swarms.announce(infoHash, givenPeer(1, { completed: true }), 0);
  swarms.announce(givenInfoHash(2), givenPeer(1), 0);
  swarms.drop(infoHash);
  deepEqual(swarms.counts(infoHash), { seeders: 0, leechers: 0, downloaded: 0 });
  equal(swarms.peerCount, 1);
  equal(swarms.expire(101), 1);
  equal(swarms.peerCount, 0);
});

test("expire() given peers of differing age takes those silent for longer than the timeout", () => {
  const swarms = new Swarms(config);
  for (const port of [1, 2, 3]) swarms.announce(infoHash, givenPeer(port), port);
  swarms.announce(infoHash, givenPeer(1), 50);
  equal(swarms.expire(102), 0);
  equal(swarms.expire(103), 1);
  deepEqual(ports(everyone(swarms)), [1, 3]);
  equal(swarms.expire(1_000), 2);
});

test("sample() given an asker leaves it out", () => {
  const swarms = new Swarms(config);
  for (const port of [1, 2, 3]) swarms.announce(infoHash, givenPeer(port), 0);
  const request = { asker: givenEndpoint(2), state: "leecher", numWant: 50 } as const;
  deepEqual(ports(swarms.sample(infoHash, request, givenChance())), [1, 3]);
});

test("sample() given a seed hands out leechers only", () => {
  const swarms = new Swarms(config);
  swarms.announce(infoHash, givenPeer(1, { state: "seed" }), 0);
  swarms.announce(infoHash, givenPeer(2, { state: "seed" }), 0);
  swarms.announce(infoHash, givenPeer(3), 0);
  const request = { asker: givenEndpoint(1), state: "seed", numWant: 50 } as const;
  deepEqual(ports(swarms.sample(infoHash, request, givenChance())), [3]);
});

test("sample() given an IPv6 asker hands out IPv6 peers only", () => {
  const swarms = new Swarms(config);
  swarms.announce(infoHash, givenPeer(1), 0);
  swarms.announce(infoHash, givenPeer(2, { endpoint: givenEndpoint(2, "::1") }), 0);
  const request = { asker: givenEndpoint(3, "::1"), state: "leecher", numWant: 50 } as const;
  deepEqual(ports(swarms.sample(infoHash, request, givenChance())), [2]);
});

test("sample() given numWant 0 or an unknown swarm hands out nobody", () => {
  const swarms = new Swarms(config);
  swarms.announce(infoHash, givenPeer(1), 0);
  const request = { asker: givenEndpoint(2), state: "leecher", numWant: 0 } as const;
  deepEqual(swarms.sample(infoHash, request, givenChance()), []);
  const many = { ...request, numWant: 50 };
  deepEqual(swarms.sample(givenInfoHash(2), many, givenChance()), []);
});

function everyone(swarms: Swarms): readonly SwarmPeer[] {
  const request = { asker: givenEndpoint(65_535), state: "leecher", numWant: 100 } as const;
  return swarms.sample(infoHash, request, givenChance());
}

function ports(peers: readonly SwarmPeer[]): number[] {
  const known = new Map([1, 2, 3].map((port) => [givenPeerId(port), port]));
  return peers.map(({ peerId }) => known.get(peerId) ?? 0).toSorted((a, b) => a - b);
}
