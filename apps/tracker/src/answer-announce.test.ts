import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { endpointHost, endpointPort, parsePeerId } from "@seedfleet/bytes";
import { seededRng } from "@seedfleet/runtime";
import { Swarms } from "@seedfleet/swarm";
import { answerAnnounce, type TrackerState } from "./answer-announce.ts";
import type { AnnounceReply } from "./encode-announce-reply.ts";
import { GatewayBoard } from "./handout/gateway-board.ts";
import { HANDOUT_POLICIES } from "./handout/handout-policy.ts";
import { ZoneTable } from "./handout/zone-table.ts";
import type { AnnounceRequest } from "./parse-announce.ts";
import { givenEndpoint, givenRequest } from "./testing.ts";

const config = { intervalMs: 1_800_000, minIntervalMs: 900_000 };
const GATEWAY = "192.0.2.1:6881";
const TORRENTS: TrackerState["torrents"] = {
  initialised: true,
  swarmOf: (infoHash) => infoHash,
  zonesOf: () => null,
};

test("answerAnnounce() given a torrent that is not registered refuses it", () => {
  const state = givenState({ torrents: { ...TORRENTS, swarmOf: () => null } });
  const reply = answer(state);
  equal(reply.kind === "violation" && reply.code, "not-registered");
  equal(state.swarms.peerCount, 0);
});

test("answerAnnounce() given a catalog not read yet asks to come back", () => {
  const reply = answer(
    givenState({ torrents: { initialised: false, swarmOf: () => null, zonesOf: () => null } }),
  );
  deepEqual(reply.kind === "violation" && [reply.code, reply.retryInMinutes], ["starting", 1]);
});

test("answerAnnounce() given a leecher hands out gateways first, then others", () => {
  const state = givenState();
  answer(state, { port: 1 });
  answer(state, { port: 2, leftBytes: 0 });
  const reply = replyOf(state, { port: 3 });
  equal(peersOf(reply)[0], GATEWAY);
  deepEqual(peersOf(reply).toSorted(), ["10.0.0.1:1", "10.0.0.1:2", GATEWAY]);
  deepEqual([reply.seeders, reply.leechers], [2, 2]);
});

test("answerAnnounce() introduces a leecher that starts to the first gateway, and no other", () => {
  const introduced = (differing: Partial<AnnounceRequest>): boolean =>
    replyOf(givenState(), { port: 3, ...differing }).introduction !== null;
  equal(introduced({ event: "started" }), true);
  equal(introduced({ event: null }), false);
  equal(introduced({ event: "started", leftBytes: 0 }), false);
  equal(introduced({ event: "started", numWant: 0 }), false);
  const reply = replyOf(givenState(), { port: 3, event: "started" });
  const { gateway, peer } = reply.introduction ?? {};
  deepEqual([gateway, peer], ["gateway-6881", givenEndpoint("10.0.0.1", 3)]);
});

test("answerAnnounce() given a torrent kept to zones hands out gateways of those", () => {
  const keptTo = (zones: readonly string[]): AnnounceReply =>
    replyOf(givenState({ torrents: { ...TORRENTS, zonesOf: () => zones } }), { port: 3 });
  deepEqual(peersOf(keptTo(["us", "eu"])), [GATEWAY]);
  deepEqual([peersOf(keptTo(["us"])), keptTo(["us"]).seeders], [[], 0]);
});

test("answerAnnounce() given a seed hands out leechers only", () => {
  const state = givenState();
  answer(state, { port: 1 });
  answer(state, { port: 2, leftBytes: 0 });
  deepEqual(peersOf(replyOf(state, { port: 3, leftBytes: 0 })), ["10.0.0.1:1"]);
});

test("answerAnnounce() hands gateways to who starts with a magnet and says nothing is left", () => {
  const handed = (differing: Partial<AnnounceRequest>): string[] =>
    peersOf(replyOf(givenState(), { port: 3, leftBytes: 0, ...differing }));
  deepEqual(handed({ event: "started" }), [GATEWAY]);
  deepEqual(handed({ event: "started", downloadedBytes: 1 }), []);
  deepEqual(handed({ event: "started", numWant: 0 }), []);
  deepEqual(handed({ event: null }), []);
  deepEqual(handed({ event: "completed" }), []);
});

for (const numWant of [0, 1, 2, 5, null]) {
  test(`answerAnnounce() given numWant ${numWant} hands out no more, and all there are`, () => {
    const state = givenState({ board: boardOf([1, 2, 3, 4, 5, 6]) });
    for (let port = 1; port <= 60; port += 1) answer(state, { port });
    const peers = peersOf(replyOf(state, { port: 99, numWant }));
    equal(peers.length, numWant ?? 50);
    equal(new Set(peers).size, peers.length);
    const gateways = peers.filter((peer) => peer.startsWith("192.0.2.1"));
    equal(gateways.length, Math.min(numWant ?? 4, 4));
  });
}

test("answerAnnounce() given a gateway that announces too hands it out once", () => {
  const state = givenState();
  answer(state, { port: 6881 }, "192.0.2.1");
  answer(state, { port: 2 });
  const peers = peersOf(replyOf(state, { port: 3, numWant: 2 }));
  deepEqual(peers.toSorted(), ["10.0.0.1:2", GATEWAY]);
  deepEqual(peersOf(replyOf(state, { port: 6881 }, "192.0.2.1")).toSorted(), [
    "10.0.0.1:2",
    "10.0.0.1:3",
  ]);
});

test("answerAnnounce() given stopped forgets the peer and hands out nobody", () => {
  const state = givenState();
  answer(state, { port: 1 });
  deepEqual(peersOf(replyOf(state, { port: 1, event: "stopped" })), []);
  equal(state.swarms.peerCount, 0);
});

test("answerAnnounce() given completed counts a download", () => {
  const state = givenState();
  answer(state, { port: 1 });
  answer(state, { port: 1, event: "completed", leftBytes: 0 });
  equal(state.swarms.counts(givenRequest().infoHash).downloaded, 1);
});

const intervals = [
  { given: "a leecher and nobody to tell it of", request: {}, then: [60_000, 60_000] },
  { given: "a leecher that wants none", request: { numWant: 0 }, then: [1_800_000, 900_000] },
  { given: "a seed alone", request: { leftBytes: 0 }, then: [1_800_000, 900_000] },
] as const;

for (const { given, request, then } of intervals) {
  test(`answerAnnounce() given ${given} sets the interval`, () => {
    const reply = replyOf(givenState({ board: boardOf([]) }), request);
    deepEqual([reply.intervalMs, reply.minIntervalMs], then);
  });
}

test("answerAnnounce() given a swarm that is full still tells the newcomer of the others", () => {
  const swarms = new Swarms({ peerTimeoutMs: 1, peersPerSwarmMax: 1, peersMax: 1 });
  const state = givenState({ swarms });
  answer(state, { port: 1 });
  deepEqual(peersOf(replyOf(state, { port: 2 })), [GATEWAY, "10.0.0.1:1"]);
  equal(swarms.peerCount, 1);
});

test("answerAnnounce() given an IPv4-mapped address takes it for IPv4", () => {
  const state = givenState();
  answer(state, { port: 1 }, "::ffff:10.0.0.9");
  deepEqual(peersOf(replyOf(state, { port: 2 })), [GATEWAY, "10.0.0.9:1"]);
});

function boardOf(ports: readonly number[]): () => GatewayBoard {
  const gateways = ports.map((port) => {
    return {
      id: `gateway-${port}`,
      endpoint: givenEndpoint("192.0.2.1", port),
      load: 0,
      zone: "eu",
    };
  });
  const board = new GatewayBoard(gateways, ZoneTable.empty);
  return () => board;
}

function givenState(differing: Partial<TrackerState> = {}): TrackerState {
  return {
    swarms: new Swarms({ peerTimeoutMs: 1_000, peersPerSwarmMax: 1_000, peersMax: 1_000 }),
    torrents: TORRENTS,
    board: boardOf([6881]),
    handout: {
      ...{ policy: HANDOUT_POLICIES.random, gatewayShare: 1, gatewaysMax: 4 },
      zones: ZoneTable.empty,
    },
    chance: seededRng(1),
    turn: 0,
    ...differing,
  };
}

function answer(
  state: TrackerState,
  differing: Partial<AnnounceRequest> = {},
  address = "10.0.0.1",
): ReturnType<typeof answerAnnounce> {
  const peerId = parsePeerId((differing.port ?? 0).toString(16).padStart(40, "0"));
  ok(peerId !== null);
  const request = givenRequest({ peerId, ...differing });
  return answerAnnounce(state, config, { request, address, nowMs: 0 });
}

function replyOf(...asked: Parameters<typeof answer>): AnnounceReply {
  const reply = answer(...asked);
  ok(reply.kind === "announce-reply");
  return reply;
}

function peersOf({ peers }: AnnounceReply): string[] {
  return peers.map(({ endpoint }) => `${endpointHost(endpoint)}:${endpointPort(endpoint)}`);
}
