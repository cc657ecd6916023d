import { deepEqual, equal, ok } from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import type { PeerAddress } from "@seedfleet/announce";
import { givenFields } from "@seedfleet/announce/testing";
import { infoHashBytes } from "@seedfleet/bytes";
import { seededRng } from "@seedfleet/runtime";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { Gathered, turn, VirtualClock } from "@seedfleet/testkit";
import { Client } from "bittorrent-dht";
import { OutboundRule } from "../outbound/outbound-rule.ts";
import { DHT_INTERVAL_MS_MAX, DHT_SEED_INTERVAL_MS, DhtPeers } from "./dht-peers.ts";

const { infoHash } = givenFields();
const HASH = Buffer.from(infoHashBytes(infoHash));
const PEER = { host: "127.0.0.1", port: 6999 };
const OURS = 6881;

test("DhtPeers finds who announced itself to another node, and announces itself", async () => {
  await using other = await givenNode();
  await other.announce(PEER.port);
  await using given = givenPeers(other.port);
  equal(given.dht.port, null, "there is no node before it is needed");
  const found = new Gathered<PeerAddress>();
  const end = given.dht.search(infoHash, OURS, wanting(found));
  deepEqual(await found.count(1), [PEER]);
  await other.knows(OURS);
  end();
});

test("DhtPeers looks again while peers are wanted, more seldom while nobody is new", async () => {
  await using other = await givenNode();
  await other.announce(PEER.port);
  await using given = givenPeers(other.port);
  const found = new Gathered<PeerAddress>();
  let wants = false;
  given.dht.search(infoHash, PEER.port, { ...wanting(found), wantsPeers: () => wants });
  await lookups(given.telemetry, 1);
  given.clock.advance(DHT_INTERVAL_MS_MAX);
  await turn();
  equal(found.items.length, 1);
  wants = true;
  for (const [index, minutes] of [4, 8, 16, 32, 38].entries()) {
    given.clock.advance(minutes * 60_000);
    await lookups(given.telemetry, index + 2);
  }
  ok(found.items.every((peer) => peer.port === PEER.port));
});

test("DhtPeers announces a seed again and again, until that is ended", async () => {
  await using other = await givenNode();
  await other.announce(PEER.port);
  await using given = givenPeers(other.port);
  const end = given.dht.announce(infoHash, OURS);
  await other.knows(OURS);
  for (const count of [1, 2, 3]) {
    await lookups(given.telemetry, count);
    // A quarter more at the most; somebody else is found each time, and none is asked for sooner.
    given.clock.advance(0.75 * DHT_SEED_INTERVAL_MS - 1);
    await turn();
    equal(given.telemetry.recorded.total("seedfleet_gateway_dht_lookups"), count);
    given.clock.advance(0.5 * DHT_SEED_INTERVAL_MS + 1);
  }
  await lookups(given.telemetry, 4);
  end();
  given.clock.advance(2 * DHT_SEED_INTERVAL_MS);
  await turn();
  equal(given.telemetry.recorded.total("seedfleet_gateway_dht_lookups"), 4);
});

test("DhtPeers says that its port is taken, and tries again with the next lookup", async () => {
  const taken = createSocket("udp4");
  taken.bind(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address();
  await using other = await givenNode();
  await other.announce(PEER.port);
  await using given = givenPeers(other.port, { port });
  const found = new Gathered<PeerAddress>();
  given.dht.search(infoHash, OURS, wanting(found));
  await lookups(given.telemetry, 1);
  deepEqual(
    given.telemetry.recorded.logs.map(({ level, message }) => `${level} ${message}`),
    ["warn DHT node did not start"],
  );
  taken.close();
  await once(taken, "close");
  given.clock.advance(8 * 60_000);
  deepEqual(await found.count(1), [PEER]);
  equal(given.dht.port, port);
});

test("DhtPeers of a gateway at a public address sends nothing to private ones", async () => {
  const packets = new Gathered<Buffer>();
  const socket = createSocket("udp4").on("message", packets.add);
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  await using given = givenPeers(socket.address().port, { ownHost: "203.0.113.7" });
  given.dht.search(infoHash, OURS, wanting(new Gathered()));
  while (given.dht.port === null) await turn();
  // Whatever it had sent would be there before this.
  socket.send("last", socket.address().port, "127.0.0.1");
  deepEqual((await packets.count(1)).map(String), ["last"]);
  socket.close();
});

test("DhtPeers bears whatever strangers send, and finds peers afterwards", async () => {
  await using other = await givenNode();
  await other.announce(PEER.port);
  await using given = givenPeers(other.port);
  const found = new Gathered<PeerAddress>();
  given.dht.search(infoHash, OURS, wanting(found));
  await found.count(1);
  const stranger = createSocket("udp4");
  stranger.bind(0, "127.0.0.1");
  await once(stranger, "listening");
  for (const packet of nonsense()) {
    await new Promise((sent) => stranger.send(packet, given.dht.port ?? 0, "127.0.0.1", sent));
  }
  stranger.close();
  const again = new Gathered<PeerAddress>();
  given.clock.advance(1_000);
  given.dht.search(infoHash, OURS, wanting(again));
  ok((await again.until((peers) => peers.some(({ port }) => port === PEER.port))).length > 0);
  // Each of them would have ended the process.
  ok((given.telemetry.recorded.gauge("seedfleet_gateway_dht_faults") ?? 0) > 0);
});

/** Queries and answers with values of every kind where the package expects others. */
function* nonsense(): Generator<Buffer> {
  const values = [
    "i1e",
    "0:",
    "20:aaaaaaaaaaaaaaaaaaaa",
    "le",
    "de",
    "li1ee",
    "d2:idi1ee",
    "3:abc",
  ];
  const queries = ["ping", "find_node", "get_peers", "announce_peer", "get", "put", "x"];
  const keys = ["id", "info_hash", "k", "port", "salt", "seq", "sig", "target", "token", "v"];
  for (const query of queries) {
    for (const value of values) {
      const all = keys.map((key) => `${key.length}:${key}${value}`).join("");
      for (const argument of [`d${all}e`, value]) {
        yield Buffer.from(`d1:a${argument}1:q${query.length}:${query}1:t2:aa1:y1:qe`);
      }
    }
  }
  for (const value of values) {
    yield Buffer.from(`d1:r${value}1:t2:\0\x011:y1:re`);
    yield Buffer.from(`d1:e${value}1:t${value}1:y1:ee`);
    yield Buffer.from(`d1:q${value}1:t${value}1:y1:qe`);
    yield Buffer.from(value);
  }
  yield Buffer.from("l".repeat(2_000));
}

type Given = AsyncDisposable & {
  readonly clock: VirtualClock;
  readonly telemetry: RecordingTelemetry;
  readonly dht: DhtPeers;
};

function givenPeers(
  bootstrapPort: number,
  { port = 0, ownHost = "127.0.0.1" }: { readonly port?: number; readonly ownHost?: string } = {},
): Given {
  const clock = new VirtualClock();
  const telemetry = recordingTelemetry();
  const { log, meter } = telemetry;
  const rule = new OutboundRule("auto", ownHost);
  const bootstrap = [`127.0.0.1:${bootstrapPort}`];
  const ports = { clock, log, meter, rule, chance: seededRng(1) };
  const dht = new DhtPeers(ports, { host: "127.0.0.1", port, bootstrap });
  return { clock, telemetry, dht, [Symbol.asyncDispose]: () => dht[Symbol.asyncDispose]() };
}

function wanting(found: Gathered<PeerAddress>) {
  return {
    peers: (addresses: readonly PeerAddress[]): void => addresses.forEach(found.add),
    wantsPeers: (): boolean => true,
  };
}

async function lookups({ recorded }: RecordingTelemetry, count: number): Promise<void> {
  while ((recorded.total("seedfleet_gateway_dht_lookups") ?? 0) < count) await turn();
}

/** Another node of the same DHT, at the loopback. */
async function givenNode() {
  const client = new Client({ bootstrap: false });
  await new Promise<void>((resolve) => client.listen(0, "127.0.0.1", resolve));
  const { port } = client.address();
  const storing = new Client({ bootstrap: [`127.0.0.1:${port}`] });
  await new Promise<void>((resolve) => storing.listen(0, "127.0.0.1", resolve));
  return {
    port,
    announce: (peerPort: number) =>
      new Promise<void>((resolve) => storing.announce(HASH, peerPort, () => resolve())),
    /** Resolves once a lookup finds that port. */
    async knows(peerPort: number): Promise<void> {
      const found = new Gathered<number>();
      storing.on("peer", (peer) => found.add(peer.port));
      while (!found.items.includes(peerPort)) {
        await new Promise((resolve) => storing.lookup(HASH, resolve));
      }
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await new Promise<void>((resolve) => storing.destroy(resolve));
      await new Promise<void>((resolve) => client.destroy(resolve));
    },
  };
}
