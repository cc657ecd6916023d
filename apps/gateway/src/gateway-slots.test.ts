import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { CHOKE_ROUND_INTERVAL_MS, type UnchokeDecision } from "@seedfleet/choker";
import {
  catalogChangedEvent,
  chokeRoundCall,
  type RoundReply,
  type RoundRequest,
} from "@seedfleet/contracts";
import { announcePresence, openCatalog, packDecisions, unpackRoundPeers } from "@seedfleet/fleet";
import { turn } from "@seedfleet/testkit";
import { BLOCK_BYTES } from "@seedfleet/wire";
import { REQUESTS_QUEUED_MAX } from "./peers/peer-limits.ts";
import { GivenGateway, until } from "./testing.ts";
import type { TestPeer } from "./testing-peer.ts";
import { givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const FIRST = { piece: 0, begin: 0, length: BLOCK_BYTES };
const SCHEDULER = "scheduler-1";

test("a gateway gives a free slot to an interested peer at once", async () => {
  await using given = await GivenGateway.start([ONE]);
  for (const name of ["a", "b", "c", "d"]) await (await given.join(ONE, name)).interested();
  const fifth = await given.join(ONE, "e");
  fifth.send({ kind: "interested" });
  await settled(given);
  ok(fifth.choked);
  deepEqual([given.gauge("unchoked_peers"), given.clock.nowMs()], [4, 0]);
});

const leaving: readonly { given: string; leave: (peer: TestPeer) => void }[] = [
  { given: "loses interest", leave: (peer) => peer.send({ kind: "not-interested" }) },
  { given: "leaves", leave: (peer) => peer[Symbol.dispose]() },
  { given: "is reset", leave: (peer) => peer.socket.resetAndDestroy() },
  { given: "breaks the rules", leave: (peer) => peer.request({ ...FIRST, piece: 99 }) },
];

for (const { given: situation, leave } of leaving) {
  test(`a gateway with one slot gives it to the next when its holder ${situation}`, async () => {
    await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
    const [first, second, third] = await interestedPeers(given, 3);
    deepEqual([first?.choked, second?.choked, third?.choked], [false, true, true]);
    if (first !== undefined) leave(first);
    await second?.until(() => !second.choked);
    ok(third?.choked);
    equal(given.gauge("unchoked_peers"), 1);
  });
}

test("a gateway drops the requests of a peer that it chokes", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  const reading = Promise.withResolvers<void>();
  given.serve = async function* (read) {
    await reading.promise;
    yield given.content(read);
  };
  const [first, second] = await interestedPeers(given, 2);
  first?.request(FIRST);
  await until(() => given.reads.length === 1);
  // The first round gives its one slot, the optimistic one, to who waits.
  await advance(given, CHOKE_ROUND_INTERVAL_MS);
  await second?.until(() => !second.choked);
  await first?.until(() => first.choked);
  reading.resolve();
  ok((await second?.download([FIRST]))?.equals(ONE.content.subarray(0, BLOCK_BYTES)));
  equal(first?.blocks.length, 0);
});

test("a gateway that chokes a peer with too many requests reads from it again", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  given.serve = async function* () {
    await new Promise(() => {});
    yield Buffer.of();
  };
  const [first, second] = await interestedPeers(given, 2);
  first?.request(...Array.from({ length: 10 * REQUESTS_QUEUED_MAX }, () => FIRST));
  first?.request({ ...FIRST, piece: 99 });
  await until(() => given.reads.length === 1);
  await settled(given);
  equal(given.closed("request-out-of-range"), 0);
  await advance(given, CHOKE_ROUND_INTERVAL_MS);
  await second?.until(() => !second.choked);
  await first?.closed;
  equal(given.closed("request-out-of-range"), 1);
});

test("a gateway that knows no scheduler moves its one slot on by itself, every 30 s", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  const peers = await interestedPeers(given, 3);
  const holders: number[] = [];
  for (let round = 0; round < 12; round += 1) {
    await advance(given, CHOKE_ROUND_INTERVAL_MS);
    holders.push(peers.findIndex((peer) => !peer.choked));
    equal(peers.filter((peer) => !peer.choked).length, 1);
  }
  deepEqual(new Set(holders), new Set([0, 1, 2]));
  for (const peer of [0, 1, 2]) ok(holders.filter((each) => each === peer).length >= 2);
  equal(given.logged("scheduler silent, choking decided here"), 1);
});

test("a gateway asks its scheduler every 10 s, and follows it", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  const asked: RoundRequest[] = [];
  await scheduling(given, (request) => {
    asked.push(request);
    return givingSlotTo(1, request);
  });
  const [first, second] = await interestedPeers(given, 2);
  await advance(given, CHOKE_ROUND_INTERVAL_MS - 1);
  equal(asked.length, 0);
  await advance(given, 1);
  await second?.until(() => !second.choked);
  await first?.until(() => first.choked);
  await advance(given, CHOKE_ROUND_INTERVAL_MS);
  equal(asked.length, 2);
  const [request, next] = asked;
  const { peers: _, ...said } = request ?? { peers: null };
  const { pieceLengthBytes, sizeBytes } = ONE.metainfo;
  deepEqual(said, {
    ...{ gateway: "gateway-1", infoHash: ONE.metainfo.infoHash, lastRound: 0, unchokeSlots: 1 },
    ...{ policy: "round_robin", pieceLengthBytes, contentBytes: sizeBytes },
  });
  deepEqual(
    peersOf(request).map(({ amChoking, peerInterested }) => [amChoking, peerInterested]),
    [
      [false, true],
      [true, true],
    ],
  );
  equal(next?.lastRound, 1);
});

test("a gateway follows a torrent's policy from the catalog, changed live", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  const policies: string[] = [];
  await scheduling(given, (request) => {
    policies.push(request.policy);
    return givingSlotTo(0, request);
  });
  await interestedPeers(given, 2);
  await advance(given, CHOKE_ROUND_INTERVAL_MS);
  const { infoHash } = ONE.metainfo;
  const catalog = await openCatalog(given.bus, given.telemetry.log);
  const choking = { policy: "legout", weight: 1, superSeeding: false } as const;
  await catalog.change(infoHash, (entry) => (entry === null ? null : { ...entry, choking }));
  given.bus.publish(catalogChangedEvent, {}, { infoHash });
  await advance(given, CHOKE_ROUND_INTERVAL_MS);
  deepEqual(policies, ["round_robin", "legout"]);
});

test("a gateway asks again when its scheduler says, so that gateways ask together", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  const askedAtMs: number[] = [];
  await scheduling(given, (request) => {
    askedAtMs.push(given.clock.nowMs());
    return { ...givingSlotTo(0, request), nextInMs: 4_000 };
  });
  await interestedPeers(given, 2);
  await advance(given, 20_000);
  deepEqual(askedAtMs, [10_000, 14_000, 18_000]);
});

test("a gateway tells its scheduler what a peer has, was sent, and who it is", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  const asked: RoundRequest[] = [];
  await scheduling(given, (request) => {
    asked.push(request);
    return givingSlotTo(0, request);
  });
  const [first] = await interestedPeers(given, 2);
  first?.send({ kind: "have", piece: 0 });
  await first?.download([{ ...FIRST, piece: 1 }]);
  await advance(given, CHOKE_ROUND_INTERVAL_MS);
  const [one, other] = peersOf(asked[0]);
  const { pieceLengthBytes } = ONE.metainfo;
  deepEqual(
    [one?.haveBytes, one?.sentBytes, one?.turnBytes],
    [pieceLengthBytes, BLOCK_BYTES, BLOCK_BYTES],
  );
  deepEqual([other?.haveBytes, other?.sentBytes, other?.turnBytes], [0, 0, 0]);
  ok(one?.leecher !== other?.leecher);
});

test("a gateway does not follow a scheduler that gives out more than there is", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  await scheduling(given, (request) => {
    const { decisions } = givingSlotTo(0, request);
    return { ...givingSlotTo(0, request), decisions: { ...decisions, unchokes: [2, 2] } };
  });
  const peers = await interestedPeers(given, 2);
  await advance(given, CHOKE_ROUND_INTERVAL_MS);
  equal(peers.filter((peer) => !peer.choked).length, 1);
  equal(given.logged("scheduler silent, choking decided here"), 1);
});

test("a gateway does not follow a round that is over", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  await scheduling(given, (request) => ({ ...givingSlotTo(0, request), round: 1 }));
  await interestedPeers(given, 2);
  await advance(given, CHOKE_ROUND_INTERVAL_MS);
  equal(given.logged("scheduler silent, choking decided here"), 0);
  await advance(given, CHOKE_ROUND_INTERVAL_MS);
  equal(given.logged("scheduler silent, choking decided here"), 1);
});

test("a gateway tells its scheduler how fast each peer takes its blocks", async () => {
  await using given = await GivenGateway.start([ONE]);
  const asked: RoundRequest[] = [];
  await scheduling(given, (request) => {
    asked.push(request);
    return givingSlotTo(0, request);
  });
  const [first] = await interestedPeers(given, 2);
  await first?.download([FIRST, { ...FIRST, piece: 1 }]);
  await advance(given, CHOKE_ROUND_INTERVAL_MS);
  const rates = peersOf(asked[0]).map((peer) => peer.uploadBytesPerSecond);
  deepEqual(rates, [Math.round((2 * BLOCK_BYTES) / 10), 0]);
});

test("a gateway asks nobody about peers that want nothing", async () => {
  await using given = await GivenGateway.start([ONE]);
  let asked = 0;
  await scheduling(given, (request) => {
    asked += 1;
    return givingSlotTo(0, request);
  });
  await given.join(ONE);
  await advance(given, 3 * CHOKE_ROUND_INTERVAL_MS);
  equal(asked, 0);
});

test("a gateway whose scheduler fails or is late decides by itself, and says so once", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  let answer: (request: RoundRequest) => RoundReply | Promise<RoundReply> = () => {
    throw new Error("no");
  };
  await scheduling(given, (request) => answer(request));
  const peers = await interestedPeers(given, 2);
  for (let round = 0; round < 5; round += 1) await advance(given, CHOKE_ROUND_INTERVAL_MS);
  const never = Promise.withResolvers<RoundReply>();
  answer = () => never.promise;
  for (let round = 0; round < 5; round += 1) {
    await advance(given, CHOKE_ROUND_INTERVAL_MS);
    await advance(given, 2_000);
  }
  equal(peers.filter((peer) => !peer.choked).length, 1);
  deepEqual(
    peers.map((peer) => peer.count("unchoke") > 0),
    [true, true],
  );
  equal(given.logged("scheduler silent, choking decided here"), 1);

  answer = (request) => givingSlotTo(0, request);
  for (let round = 0; round < 2; round += 1) await advance(given, CHOKE_ROUND_INTERVAL_MS);
  equal(given.logged("scheduler answers again"), 1);
  never.resolve(givingSlotTo(0, NOBODY));
});

test("a gateway gives slots that its scheduler left free to who waits", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 2 });
  // As if it had come after the snapshot.
  await scheduling(given, (request) => givingSlotTo(0, request));
  const peers = await interestedPeers(given, 2);
  await advance(given, CHOKE_ROUND_INTERVAL_MS);
  deepEqual(
    peers.map((peer) => peer.choked),
    [false, false],
  );
});

test("a gateway does not follow a decision that has expired", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  await scheduling(given, (request) => {
    given.clock.advance(1);
    return { ...givingSlotTo(0, request), validForMs: 0 };
  });
  const [, second] = await interestedPeers(given, 2);
  // The gateway itself lets the second have its turn.
  await advance(given, CHOKE_ROUND_INTERVAL_MS);
  await second?.until(() => !second.choked);
});

const NOBODY: RoundRequest = {
  ...{ gateway: "gateway-1", infoHash: ONE.metainfo.infoHash, lastRound: 99, unchokeSlots: 1 },
  ...{ policy: "round_robin", pieceLengthBytes: 1, contentBytes: 1 },
  peers: {
    ...{ peerKeys: [], leechers: [], flags: [], uploadBytesPerSecond: [], sentBytes: [] },
    ...{ turnBytes: [], haveBytes: [], connectedForMs: [], unchokedForMs: [] },
  },
};

/** Peers that came one after the other and want what there is; `peer-0` holds the first slot. */
async function interestedPeers(given: GivenGateway, count: number): Promise<TestPeer[]> {
  const peers: TestPeer[] = [];
  for (let index = 0; index < count; index += 1) {
    const peer = await given.join(ONE, `peer-${index}`);
    peer.send({ kind: "interested" });
    if (index === 0) await peer.until(() => !peer.choked);
    peers.push(peer);
    await settled(given);
  }
  return peers;
}

/** A scheduler that the gateway knows of. */
async function scheduling(
  given: GivenGateway,
  decide: (request: RoundRequest) => RoundReply | Promise<RoundReply>,
): Promise<void> {
  const { bus } = given;
  bus.serve(chokeRoundCall, { params: { scheduler: SCHEDULER } }, decide);
  announcePresence(given, () => ({
    ...{ role: "choking-scheduler", id: SCHEDULER, version: "0.1.0", startedAtMs: 0 },
    ...{ draining: false, load: 0, peerAddress: null, urls: [], gateway: null },
  }));
  await bus.flush();
}

/** Unchokes one of the peers, in the order they came, and nobody else. */
function givingSlotTo(holder: number, request: RoundRequest): RoundReply {
  const decisions = peersOf(request).map((_, index): Omit<UnchokeDecision, "peerKey"> => {
    const isHolder = index === holder;
    return {
      decision: isHolder ? "regular" : "choked",
      rank: null,
      because: isHolder ? { rule: "ranked", slots: 1 } : { rule: "outranked", slots: 1 },
    };
  });
  const timing = { validForMs: 5_000, nextInMs: CHOKE_ROUND_INTERVAL_MS };
  return { round: request.lastRound + 1, ...timing, decisions: packDecisions(decisions, 0) };
}

function peersOf(request: RoundRequest | undefined): ReturnType<typeof unpackRoundPeers> {
  return request === undefined ? [] : unpackRoundPeers(request.peers, request.gateway, 0);
}

/** Moves the clock, slowly enough for presence to be heard, and lets what follows happen. */
async function advance({ clock, bus }: GivenGateway, durationMs: number): Promise<void> {
  const untilMs = clock.nowMs() + durationMs;
  while (clock.nowMs() < untilMs) {
    clock.advance(Math.min(1_000, untilMs - clock.nowMs()));
    await bus.flush();
    await turn();
  }
}

/** Whatever peers and gateway have said to each other until now has been heard. */
async function settled(given: GivenGateway): Promise<void> {
  await given.join(givenTorrent("settled"), "settled").catch(() => null);
  await turn();
}
