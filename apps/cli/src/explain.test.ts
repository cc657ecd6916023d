import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { peerIdFromBytes } from "@seedfleet/bytes";
import {
  type ExplainedConnection,
  type ExplainReply,
  type ExplainRequest,
  explainCall,
} from "@seedfleet/contracts";
import { explainTo } from "./explain.ts";
import { GivenFleet, givenEntry, givenInfoHash } from "./fleet-testing.ts";
import { eventsOf } from "./testing.ts";

const HASH = givenInfoHash("ab");
const ASKED = {
  peer: { kind: "address", host: "192.0.2.1", port: null },
  ...{ named: "192.0.2.1", infoHash: null, json: false },
} as const;

const WAITING: ExplainedConnection = {
  ...{ infoHash: HASH, peerId: peerIdFromBytes(Buffer.from("-LT20B0-\x1b[2J56789012", "latin1")) },
  ...{ host: "192.0.2.1", listenPort: 6_881, connectedAtMs: 40_000, amChoking: true },
  ...{ unchokedAtMs: 70_000, peerInterested: true, uploadOnly: false, haveBytes: 120_000 },
  ...{ contentBytes: 1_000_000, sentBytes: 60_000, uploadBytesPerSecond: 0, slots: 4 },
  slotsHeld: 4,
  moments: [
    {
      ...{ atMs: 92_000, round: 41, decidedBy: "scheduler-1", decision: "choked", rank: 37 },
      ...{ wanting: 120, because: { rule: "outranked", slots: 4 } },
    },
    {
      ...{ atMs: 82_000, round: 40, decidedBy: null, decision: "choked", rank: 2 },
      ...{ wanting: 9, because: { rule: "served-elsewhere", gateway: "gw-2" } },
    },
    {
      ...{ atMs: 70_000, round: null, decidedBy: null, decision: "regular", rank: null },
      ...{ wanting: null, because: { rule: "free-slot" } },
    },
  ],
};

const SEED: ExplainedConnection = {
  ...{ ...WAITING, peerId: peerIdFromBytes(new Uint8Array(20)), listenPort: null },
  ...{ unchokedAtMs: null, peerInterested: false, haveBytes: null, moments: [] },
};

/** A gateway that is there, and knows these connections. */
async function givenGateway(
  given: GivenFleet,
  gateway: string,
  reply: Partial<ExplainReply>,
): Promise<readonly ExplainRequest[]> {
  const asked: ExplainRequest[] = [];
  const work = {
    ...{ peers: 1, peersMax: 2, uploadBytesPerSecond: 0, cacheBytes: 0, cacheBytesMax: 1 },
    ...{ hot: [], reachable: true },
  };
  await given.announce(gateway, { role: "gateway", gateway: work });
  given.bus.serve(explainCall, { params: { gateway } }, (request) => {
    asked.push(request);
    return { nowMs: 100_000, connections: [], leftOut: 0, ...reply };
  });
  return asked;
}

test("seedfleet explain says of each connection why, and what was decided before", async () => {
  await using given = new GivenFleet();
  await (await given.catalog()).publish(givenEntry("debian\x1b[31m"), new Uint8Array());
  const asked = await givenGateway(given, "gateway-1", { connections: [WAITING] });
  await givenGateway(given, "gateway-2", { connections: [SEED], leftOut: 3 });
  await givenGateway(given, "gateway-3", {});
  await explainTo(given, ASKED, given.print);
  deepEqual(asked, [{ peer: ASKED.peer, infoHash: null }]);
  equal(
    given.printed.splice(0).join(""),
    `192.0.2.1:6881  -LT20B0-  at gateway-1  debian\\u{1b}[31m
  choked: 37th of 120 that want one of 4 slots
  connected 1 min 0 s; has 12 % of 1.0 MB; sent 60.0 kB, now 0 B/s; last got a slot 30 s ago
  8 s ago, round 41 of scheduler-1: choked: 37th of 120 that want one of 4 slots
  18 s ago, round 40 of the gateway alone: choked: 2nd of 9 that want a slot; served at gateway gw-2
  30 s ago, between rounds: unchoked: a slot was free that nobody before it could use
192.0.2.1  ${"0".repeat(40)}  at gateway-2  debian\\u{1b}[31m
  choked: it wants nothing of what we have
  connected 1 min 0 s; says not what it has; sent 60.0 kB, now 0 B/s; had no slot yet
and 3 connections more
`,
  );

  await explainTo(given, { ...ASKED, json: true }, given.print);
  const [first, second, third] = eventsOf(given.printed.join(""));
  const told = { event: "connection", gateway: "gateway-1", nowMs: 100_000 };
  const why = "choked: 37th of 120 that want one of 4 slots";
  deepEqual(first, { ...told, ...WAITING, why });
  equal(second?.event, "connection");
  deepEqual(third, { event: "left-out", connections: 3 });
});

test("seedfleet explain names the gateways that do not answer", async () => {
  await using given = new GivenFleet();
  await (await given.catalog()).publish(givenEntry("debian"), new Uint8Array());
  await givenGateway(given, "gateway-1", { connections: [WAITING] });
  await given.announce("gateway-2", { role: "gateway" });
  await explainTo(given, { ...ASKED, json: true }, given.print);
  deepEqual(
    eventsOf(given.printed.join("")).map(({ event }) => event),
    ["gateway-silent", "connection"],
  );
  await explainTo(given, ASKED, given.print);
  equal(given.printed[2], "gateway-2 does not answer: bus-no-responders\n");
});

test("seedfleet explain fails where nobody knows the peer, and where no gateway is", async () => {
  await using given = new GivenFleet();
  await givenGateway(given, "gateway-1", {});
  await rejects(explainTo(given, { ...ASKED, infoHash: HASH }, given.print), {
    message: `Cannot explain "192.0.2.1" in ${HASH}: none of 1 gateway has such a peer`,
    detail: { code: "peer-unknown" },
  });
  await using empty = new GivenFleet();
  await rejects(explainTo(empty, ASKED, empty.print), { detail: { code: "gateway-unknown" } });
});
