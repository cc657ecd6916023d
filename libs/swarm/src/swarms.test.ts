import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { PeerSample } from "./peer-sample.ts";
import type { SampleRequest } from "./swarm-peer.ts";
import { Swarms } from "./swarms.ts";
import type { SwarmsConfig } from "./swarms-config.ts";
import { givenChance, givenEndpoint, givenInfoHash, givenPeer, givenPeerId } from "./testing.ts";

const infoHash = givenInfoHash();

test("announce() given a newcomer counts it and says so", () => {
  const swarms = givenSwarms();
  equal(swarms.announce(infoHash, givenPeer(1), 0), "joined");
  equal(swarms.announce(infoHash, givenPeer(2, { state: "seed" }), 0), "joined");
  equal(swarms.announce(infoHash, givenPeer(3, { state: "partial-seed" }), 0), "joined");
  deepEqual(countsOf(swarms), { seeders: 1, leechers: 2, partialSeeds: 1, downloaded: 0 });
  deepEqual([swarms.swarmCount, swarms.peerCount], [1, 3]);
});

test("announce() given a known endpoint takes its new peer id and state", () => {
  const swarms = givenSwarms();
  swarms.announce(infoHash, givenPeer(1), 0);
  const changed = givenPeer(1, { peerId: givenPeerId(9), state: "partial-seed" });
  equal(swarms.announce(infoHash, changed, 1), "stayed");
  deepEqual(countsOf(swarms), { seeders: 0, leechers: 1, partialSeeds: 1, downloaded: 0 });
  const sample = sampleOf(swarms);
  deepEqual([sample.count, sample.stateOf(0), sample.known[0]], [1, "partial-seed", 1]);
  deepEqual(sample.peerIds.subarray(0, 20), givenPeerId(9));
});

test("announce() given no peer id keeps none, nor the one that was known", () => {
  const swarms = givenSwarms();
  swarms.announce(infoHash, givenPeer(1, { peerId: null }), 0);
  equal(sampleOf(swarms).known[0], 0);
  swarms.announce(infoHash, givenPeer(1), 1);
  equal(sampleOf(swarms).known[0], 1);
  swarms.announce(infoHash, givenPeer(1, { peerId: null }), 2);
  equal(sampleOf(swarms).known[0], 0);
});

test("announce() given a completion counts one download, however often it is said", () => {
  const swarms = givenSwarms();
  swarms.announce(infoHash, givenPeer(1), 0);
  const completed = givenPeer(1, { state: "seed", completed: true });
  swarms.announce(infoHash, completed, 1);
  swarms.announce(infoHash, completed, 2);
  equal(countsOf(swarms).downloaded, 1);
});

test("announce() given a full swarm does not remember the newcomer, but those it knows", () => {
  const swarms = givenSwarms({ peersPerSwarmMax: 3, peersMax: 4 });
  for (const port of [1, 2, 3]) swarms.announce(infoHash, givenPeer(port), 0);
  equal(swarms.announce(infoHash, givenPeer(4), 0), "full");
  equal(swarms.announce(infoHash, givenPeer(3), 0), "stayed");
  equal(swarms.announce(givenInfoHash(2), givenPeer(1), 0), "joined");
  equal(swarms.announce(givenInfoHash(2), givenPeer(2), 0), "full");
  equal(swarms.peerCount, 4);
});

test("peersMax set later counts from the next announce on, and nobody leaves for it", () => {
  const swarms = givenSwarms({ peersMax: 2 });
  for (const port of [1, 2]) swarms.announce(infoHash, givenPeer(port), 0);
  equal(swarms.announce(infoHash, givenPeer(3), 0), "full");
  swarms.peersMax = 3;
  equal(swarms.announce(infoHash, givenPeer(3), 0), "joined");
  swarms.peersMax = 1;
  equal(swarms.announce(infoHash, givenPeer(4), 0), "full");
  equal(swarms.announce(infoHash, givenPeer(1), 0), "stayed");
  equal(swarms.peerCount, 3);
});

test("announce() given no room for a swarm forgets the longest empty one, or refuses", () => {
  const swarms = givenSwarms({ swarmsMax: 2 });
  for (const number of [1, 2]) {
    swarms.announce(givenInfoHash(number), givenPeer(1, { completed: true }), 0);
  }
  equal(swarms.announce(givenInfoHash(3), givenPeer(1), 0), "full");
  swarms.remove(givenInfoHash(2), givenEndpoint(1), 0);
  swarms.remove(givenInfoHash(1), givenEndpoint(1), 0);
  equal(swarms.announce(givenInfoHash(3), givenPeer(1), 0), "joined");
  equal(swarms.find(givenInfoHash(2)), -1);
  ok(swarms.find(givenInfoHash(1)) >= 0);
});

test("announceAt() given what is older than known, or than a peer may be, changes nothing", () => {
  const swarms = givenSwarms();
  swarms.announce(infoHash, givenPeer(1), 50_000);
  const seed = givenPeer(1, { state: "seed" });
  equal(swarms.announceAt(infoHash, seed, 40_000, 50_000), "stale");
  equal(swarms.announceAt(infoHash, seed, 50_000, 60_000), "stayed");
  equal(swarms.removeAt(infoHash, seed, 40_000, 60_000), false);
  equal(swarms.announceAt(infoHash, givenPeer(2), 60_000, 200_000), "stale");
  equal(swarms.announceAt(infoHash, givenPeer(2), 120_000, 200_000), "joined");
  equal(swarms.expire(221_000), 2);
});

test("remove() given the last peer forgets the swarm, unless it remembers downloads", () => {
  const swarms = givenSwarms();
  swarms.announce(infoHash, givenPeer(1), 0);
  equal(swarms.remove(infoHash, givenEndpoint(1), 0), true);
  equal(swarms.remove(infoHash, givenEndpoint(1), 0), false);
  equal(swarms.swarmCount, 0);
  swarms.announce(infoHash, givenPeer(1, { state: "seed", completed: true }), 0);
  swarms.remove(infoHash, givenEndpoint(1), 0);
  deepEqual(countsOf(swarms), { seeders: 0, leechers: 0, partialSeeds: 0, downloaded: 1 });
});

test("drop() forgets one swarm with its peers and downloads", () => {
  const swarms = givenSwarms();
  swarms.announce(infoHash, givenPeer(1, { completed: true }), 0);
  swarms.announce(givenInfoHash(2), givenPeer(1), 0);
  swarms.drop(infoHash);
  equal(countsOf(swarms).downloaded, 0);
  equal(swarms.peerCount, 1);
  equal(swarms.expire(101_000), 1);
  equal(swarms.peerCount, 0);
});

test("expire() given a limit goes on the next time", () => {
  const swarms = givenSwarms();
  for (const number of [1, 2, 3]) swarms.announce(givenInfoHash(number), givenPeer(1), 0);
  equal(swarms.expire(100_000), 0);
  deepEqual(
    [1, 2, 3].map(() => swarms.expire(101_000, 1)),
    [1, 1, 1],
  );
  equal(swarms.swarmCount, 0);
});

test("addDownloads() remembers a swarm nobody is in; setDownloaded() given 0 forgets it", () => {
  const swarms = givenSwarms();
  swarms.addDownloads(infoHash, 2);
  swarms.addDownloads(infoHash, 3);
  equal(countsOf(swarms).downloaded, 5);
  const read = new Uint8Array(20);
  swarms.readInfoHash(swarms.nextSwarm(-1), read);
  deepEqual([read, swarms.nextSwarm(swarms.nextSwarm(-1))], [infoHash, -1]);
  swarms.setDownloaded(infoHash, 0);
  equal(swarms.swarmCount, 0);
});

test("sample() given an asker leaves it out, and who is in the sample already", () => {
  const swarms = givenSwarms();
  for (const port of [1, 2, 3]) swarms.announce(infoHash, givenPeer(port), 0);
  deepEqual(ports(sampleOf(swarms, givenEndpoint(2))), [1, 3]);
  const into = new PeerSample(10);
  into.clear(6);
  ok(into.add(givenPeer(3, { state: "seed" })));
  ok(into.add(givenPeer(9, { state: "seed" })));
  const request = { ...givenEndpoint(1), state: "leecher", numWant: 50 } as const;
  swarms.sample(swarms.find(infoHash), request, into);
  deepEqual(ports(into), [2, 3, 9]);
});

for (const state of ["seed", "partial-seed"] as const) {
  test(`sample() given a ${state} hands out leechers only`, () => {
    const swarms = givenSwarms();
    swarms.announce(infoHash, givenPeer(1, { state: "seed" }), 0);
    swarms.announce(infoHash, givenPeer(2, { state: "partial-seed" }), 0);
    swarms.announce(infoHash, givenPeer(3), 0);
    deepEqual(ports(sampleOf(swarms, { ...givenEndpoint(1), state })), [3]);
  });
}

test("sample() given an IPv6 asker hands out IPv6 peers only, in the form of BEP 7", () => {
  const swarms = givenSwarms();
  swarms.announce(infoHash, givenPeer(1), 0);
  const ipv6 = givenEndpoint(2, "2001:db8::7");
  swarms.announce(infoHash, givenPeer(2, ipv6), 0);
  const sample = sampleOf(swarms, givenEndpoint(3, "::1"));
  equal(sample.count, 1);
  deepEqual(sample.endpoints.subarray(0, 18), ipv6.endpoint);
});

test("sample() given numWant 0, no room or an unknown swarm hands out nobody", () => {
  const swarms = givenSwarms();
  swarms.announce(infoHash, givenPeer(1), 0);
  equal(sampleOf(swarms, { numWant: 0 }).count, 0);
  const none = new PeerSample(0);
  swarms.sample(swarms.find(infoHash), { ...givenEndpoint(2), state: "leecher", numWant: 5 }, none);
  swarms.sample(-1, { ...givenEndpoint(2), state: "leecher", numWant: 5 }, new PeerSample(5));
  equal(none.count, 0);
});

test("Swarms keeps peer ids of about as many peers as it may", () => {
  const swarms = givenSwarms({ peerIdsMax: 64, peersPerSwarmMax: 1_000, peersMax: 1_000 });
  for (let port = 1; port <= 1_000; port += 1) swarms.announce(infoHash, givenPeer(port), 0);
  const { count, known } = sampleOf(swarms, { numWant: 1_000 });
  const kept = known.subarray(0, count).reduce((sum, each) => sum + each, 0);
  ok(count === 1_000 && kept > 32 && kept <= 64, `${kept} of ${count}`);
});

function givenSwarms(differing: Partial<SwarmsConfig> = {}): Swarms {
  const limits = { peersPerSwarmMax: 10, peersMax: 10, swarmsMax: 10, peerIdsMax: 10 };
  return new Swarms({ peerTimeoutMs: 100_000, ...limits, ...differing }, givenChance());
}

function countsOf(swarms: Swarms): ReturnType<Swarms["counts"]> {
  return { ...swarms.counts(swarms.find(infoHash)) };
}

function sampleOf(swarms: Swarms, differing: Partial<SampleRequest> = {}): PeerSample {
  const into = new PeerSample(1_000);
  const asker = { ...givenEndpoint(65_535), state: "leecher", numWant: 100, ...differing } as const;
  into.clear(asker.endpointBytes);
  into.wantPeerIds = true;
  swarms.sample(swarms.find(infoHash), asker, into);
  return into;
}

function ports({ count, endpoints }: PeerSample): number[] {
  return Array.from({ length: count }, (_, at) => endpoints[at * 6 + 5] ?? 0).toSorted(
    (a, b) => a - b,
  );
}
