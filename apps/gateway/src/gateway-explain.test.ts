import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { CHOKE_ROUND_INTERVAL_MS } from "@seedfleet/choker";
import {
  type ExplainReply,
  type ExplainRequest,
  explainCall,
  type SoughtPeer,
} from "@seedfleet/contracts";
import { turn } from "@seedfleet/testkit";
import { BLOCK_BYTES } from "@seedfleet/wire";
import { GivenGateway } from "./testing.ts";
import { givenPeerId, type TestPeer } from "./testing-peer.ts";
import { givenTorrent } from "./testing-torrent.ts";

const [ONE, TWO] = [givenTorrent("one"), givenTorrent("two")];
const ANYBODY: SoughtPeer = { kind: "address", host: "127.0.0.1", port: null };

test("a gateway explains who has a slot and who waits, and how rounds decided", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  const [first] = await interested(given, ["first", "second"]);
  await first?.download([{ piece: 0, begin: 0, length: BLOCK_BYTES }]);
  const [holder, waiting] = (await explain(given, { peer: ANYBODY })).connections;
  deepEqual(
    { ...holder, moments: holder?.moments.map(({ because }) => because.rule) },
    {
      ...{ infoHash: ONE.metainfo.infoHash, peerId: givenPeerId("first"), host: "127.0.0.1" },
      ...{ listenPort: null, connectedAtMs: 0, amChoking: false, unchokedAtMs: 0 },
      ...{ peerInterested: true, uploadOnly: false, haveBytes: 0, sentBytes: BLOCK_BYTES },
      ...{ contentBytes: ONE.metainfo.sizeBytes, uploadBytesPerSecond: 0 },
      ...{ slots: 1, slotsHeld: 1, moments: ["free-slot"] },
    },
  );
  deepEqual([waiting?.amChoking, waiting?.peerInterested, waiting?.moments], [true, true, []]);

  await aRound(given);
  const { nowMs, connections } = await explain(given, { peer: ANYBODY });
  equal(nowMs, CHOKE_ROUND_INTERVAL_MS);
  const decided = { atMs: nowMs, round: 1, decidedBy: null, wanting: 2 };
  deepEqual(
    connections.map(({ moments }) => moments[0]),
    [
      { ...decided, decision: "choked", rank: 1, because: { rule: "outranked", slots: 1 } },
      { ...decided, decision: "optimistic", rank: 2, because: { rule: "turn", forMs: 0 } },
    ],
  );
});

test("a gateway explains that a peer gave its slot back", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  const [first, second] = await interested(given, ["first", "second"]);
  first?.send({ kind: "not-interested" });
  await second?.until(() => !second.choked);
  const { connections } = await explain(given, { peer: ANYBODY });
  deepEqual(
    connections.map(({ moments }) => moments.map(({ because }) => because.rule)),
    [["not-interested", "free-slot"], ["free-slot"]],
  );
});

test("a gateway finds a peer by its id, by its address, and in a torrent", async () => {
  const alias = infoHashFromBytes(new Uint8Array(20).fill(7));
  await using given = await GivenGateway.start([ONE]);
  await given.publish(TWO, { aliases: [alias] });
  await given.join(ONE, "first");
  await given.join(ONE, "second");
  await given.join(TWO, "first");
  const id = (text: string): SoughtPeer => {
    return { kind: "peer-id", prefix: Buffer.from(text, "latin1").toString("hex") };
  };
  const found = async (request: Partial<ExplainRequest>): Promise<number> =>
    (await explain(given, { peer: ANYBODY, ...request })).connections.length;
  equal(await found({}), 3);
  equal(await found({ peer: id("-TE0001-") }), 3);
  equal(await found({ peer: id("-TE0001-first") }), 2);
  equal(await found({ peer: { kind: "peer-id", prefix: givenPeerId("second") } }), 1);
  equal(await found({ peer: id("-XX") }), 0);
  equal(await found({ peer: { kind: "address", host: "::ffff:127.0.0.1", port: null } }), 3);
  equal(await found({ peer: { kind: "address", host: "192.0.2.1", port: null } }), 0);
  equal(await found({ peer: { kind: "address", host: "no address", port: null } }), 0);
  equal(await found({ infoHash: ONE.metainfo.infoHash }), 2);
  equal(await found({ infoHash: alias }), 1);
  equal(await found({ infoHash: infoHashFromBytes(new Uint8Array(20)) }), 0);
});

test("a gateway finds a peer by the port that it says it listens on", async () => {
  await using given = await GivenGateway.start([ONE]);
  const reserved = { extended: true };
  const peer = await given.join(ONE, "first", { reserved });
  peer.extend(0, Buffer.from("d1:pi6881ee"));
  const sought = { ...ANYBODY, port: 6_881 };
  let { connections } = await explain(given, { peer: sought });
  for (; connections.length === 0; await turn()) {
    ({ connections } = await explain(given, { peer: sought }));
  }
  equal(connections[0]?.listenPort, 6_881);
  deepEqual((await explain(given, { peer: { ...ANYBODY, port: 6_882 } })).connections, []);
});

test("a gateway explains as many connections as it may, and counts the others", async () => {
  await using given = await GivenGateway.start([ONE]);
  for (let peer = 0; peer < 34; peer += 1) await given.join(ONE, `peer-${peer}`);
  const { connections, leftOut } = await explain(given, { peer: ANYBODY });
  deepEqual([connections.length, leftOut], [32, 2]);
});

/** Peers that came one after the other and want what there is; the first holds a slot. */
async function interested(
  given: GivenGateway,
  names: readonly string[],
): Promise<readonly TestPeer[]> {
  const peers: TestPeer[] = [];
  for (const name of names) {
    const peer = await given.join(ONE, name);
    peer.send({ kind: "interested" });
    if (peers.length === 0) await peer.until(() => !peer.choked);
    peers.push(peer);
    await until(given, name);
  }
  return peers;
}

/** Until the gateway has heard that the peer of this name wants something. */
async function until(given: GivenGateway, name: string): Promise<void> {
  const peer: SoughtPeer = { kind: "peer-id", prefix: givenPeerId(name) };
  while ((await explain(given, { peer })).connections[0]?.peerInterested !== true) await turn();
}

async function aRound({ clock, bus }: GivenGateway): Promise<void> {
  clock.advance(CHOKE_ROUND_INTERVAL_MS);
  await bus.flush();
  await turn();
}

async function explain(
  { bus }: GivenGateway,
  request: { readonly peer: SoughtPeer } & Partial<ExplainRequest>,
): Promise<ExplainReply> {
  const reply = await bus.call(
    explainCall,
    { gateway: "gateway-1" },
    { infoHash: null, ...request },
  );
  ok(reply.connections.every(({ moments }) => moments.length <= 10));
  return reply;
}
