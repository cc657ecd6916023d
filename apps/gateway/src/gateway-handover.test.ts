import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { type InfoHash, infoHashFromBytes } from "@seedfleet/bytes";
import { LEFT_LEECHERS_BUCKET, presenceEvent } from "@seedfleet/contracts";
import { advanceUntil, turn } from "@seedfleet/testkit";
import { encodeExtensionHandshake } from "@seedfleet/wire";
import { HANDED_TRIES_MAX, type HandedOutcome } from "./handover/handed-queue.ts";
import { LEFT_KEPT_MS } from "./handover/left-leechers.ts";
import type { NamedGatewayConfig, RunningGateway } from "./running-gateway.ts";
import { startGateway } from "./start-gateway.ts";
import { DEFAULTS, GivenGateway, until, untilAsTimePasses } from "./testing.ts";
import { handshakeOn, type ListeningLeecher, listeningLeecher } from "./testing-leecher.ts";
import { givenPeerId, TestPeer } from "./testing-peer.ts";
import { givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const PRIVATE = givenTorrent("private", { private: true });
const { infoHash } = ONE.metainfo;

for (const torrent of [ONE, PRIVATE]) {
  const { name } = torrent.entry;
  test(`a gateway that drains has another one go to its leechers (${name})`, async () => {
    await using given = await GivenGateway.start([torrent]);
    await using leecher = await listeningLeecher();
    await using _heir = await another(given);
    await joined(given, leecher, { by: torrent.metainfo.infoHash });

    const drained = given.gateway.drain();
    await untilAsTimePasses(given.clock, () => leecher.connections.length === 1);
    const [socket] = leecher.connections;
    ok(socket);
    equal((await handshakeOn(socket))?.infoHash, torrent.metainfo.infoHash);
    await advanceUntil(given.clock, 10, drained);
    equal(given.logged("leechers handed over"), 1);
  });
}

test("a gateway goes to a handed leecher by the hash that it knows", async () => {
  const alias = infoHashFromBytes(new Uint8Array(20).fill(7));
  await using given = await GivenGateway.start([]);
  await given.publish(ONE, { aliases: [alias] });
  await using leecher = await listeningLeecher();
  await using _heir = await another(given);
  await joined(given, leecher, { by: alias });
  const drained = given.gateway.drain();
  await untilAsTimePasses(given.clock, () => leecher.connections.length === 1);
  const [socket] = leecher.connections;
  ok(socket);
  equal((await handshakeOn(socket))?.infoHash, alias);
  await advanceUntil(given.clock, 10, drained);
});

test("a gateway does not go to a handed leecher that is connected to it", async () => {
  await using given = await GivenGateway.start([ONE]);
  await using leecher = await listeningLeecher();
  await using other = await another(given);
  await joined(given, leecher);
  await joined(given, leecher, { to: other.gateway });
  const drained = given.gateway.drain();
  await untilAsTimePasses(given.clock, () => handed(given, "came") === 1);
  await advanceUntil(given.clock, 10, drained);
  equal(leecher.connections.length, 0);
});

test("a gateway hands over nobody who does not say where it listens", async () => {
  await using given = await GivenGateway.start([ONE]);
  await using _heir = await another(given);
  await given.join(ONE, "silent");
  await advanceUntil(given.clock, 10, given.gateway.drain());
  equal(given.logged("leechers handed over"), 0);
});

test("a gateway goes to a handed leecher that closes a few times, then no more", async () => {
  await using given = await GivenGateway.start([ONE]);
  await using leecher = await listeningLeecher();
  leecher.server.on("connection", (socket) => socket.destroy());
  await using _heir = await another(given, { encryption: "off" });
  await joined(given, leecher);
  const drained = given.gateway.drain();
  await untilAsTimePasses(given.clock, () => handed(given, "refused") === 1);
  await advanceUntil(given.clock, 10, drained);
  equal(leecher.connections.length, HANDED_TRIES_MAX);
});

test("a gateway that drains hands on the leechers that it was to go to", async () => {
  await using given = await GivenGateway.start([ONE]);
  await using leecher = await listeningLeecher();
  await using second = await another(given);
  await joined(given, leecher);
  // In steps so small that it is not gone to meanwhile.
  await advanceUntil(given.clock, 1, given.gateway.drain());
  await given.bus.flush();
  await using _heir = await another(given, { id: "gateway-3" });
  await advanceUntil(given.clock, 10, second.gateway.drain());
  await untilAsTimePasses(given.clock, () => leecher.connections.length === 1);
});

test("a gateway goes to those that were left while there was none, once", async () => {
  await using given = await GivenGateway.start([ONE]);
  await using leecher = await listeningLeecher();
  await joined(given, leecher);
  await advanceUntil(given.clock, 10, given.gateway.drain());
  await advanceUntil(given.clock, 10, given.stop());
  await using _heir = await another(given, { id: "gateway-1" });
  await using _next = await another(given, { id: "gateway-2" });
  await untilAsTimePasses(given.clock, () => leecher.connections.length === 1);
  equal(given.logged("leechers taken over"), 1);
  const left = await given.bus.keyValue(LEFT_LEECHERS_BUCKET);
  deepEqual(await Array.fromAsync(left.keys()), []);
});

test("gateways that drain together leave their leechers to who comes next", async () => {
  await using given = await GivenGateway.start([ONE, PRIVATE]);
  await using leecher = await listeningLeecher();
  await using second = await another(given);
  await joined(given, leecher);
  await joined(given, leecher, { by: PRIVATE.metainfo.infoHash, to: second.gateway });
  const drained = Promise.all([given.gateway.drain(), second.gateway.drain()]);
  await advanceUntil(given.clock, 10, drained);
  const left = await given.bus.keyValue(LEFT_LEECHERS_BUCKET);
  deepEqual((await Array.fromAsync(left.keys())).toSorted(), ["gateway-1", "gateway-2"]);
  await using _heir = await another(given, { id: "gateway-3" });
  await untilAsTimePasses(given.clock, () => leecher.connections.length === 2);
});

test("a gateway leaves alone what was left in another zone, until it is old", async () => {
  await using given = await GivenGateway.start([ONE], { zone: "east" });
  await using leecher = await listeningLeecher();
  await joined(given, leecher);
  await advanceUntil(given.clock, 10, given.gateway.drain());
  await using _heir = await another(given, { id: "west", zone: "west" });
  const left = await given.bus.keyValue(LEFT_LEECHERS_BUCKET);
  for (let turns = 0; turns < 50; turns += 1) await turn();
  deepEqual(await Array.fromAsync(left.keys()), ["gateway-1"]);

  given.clock.advance(LEFT_KEPT_MS + 1);
  await using _next = await another(given, { id: "north", zone: "north" });
  while ((await left.get("gateway-1")) !== null) await turn();
  equal(given.logged("leechers taken over"), 0);
});

test("a gateway says that it cannot read what was left, and starts", async () => {
  await using given = await GivenGateway.start([ONE]);
  const left = await given.bus.keyValue(LEFT_LEECHERS_BUCKET);
  await left.put("gateway-9", Buffer.from("[]"));
  await using _heir = await another(given);
  await until(() => given.logged("left leechers unreadable") > 0);
});

test("a gateway with threads goes to handed leechers", async () => {
  await using given = await GivenGateway.start([ONE]);
  await using leecher = await listeningLeecher();
  await using _heir = await another(given, { workers: 2 });
  await joined(given, leecher);
  const drained = given.gateway.drain();
  await untilAsTimePasses(given.clock, () => leecher.connections.length === 1);
  const [socket] = leecher.connections;
  ok(socket);
  equal((await handshakeOn(socket))?.infoHash, infoHash);
  socket.destroy();
  await once(socket, "close");
  await advanceUntil(given.clock, 10, drained);
});

function handed({ telemetry }: GivenGateway, outcome: HandedOutcome): number {
  return telemetry.recorded.total("seedfleet_gateway_handed_leechers", { outcome }) ?? 0;
}

type Another = AsyncDisposable & { readonly gateway: RunningGateway };

/** Another gateway of the same fleet, once the others know of it. */
async function another(
  given: GivenGateway,
  config: Partial<NamedGatewayConfig> = {},
): Promise<Another> {
  const { id = "gateway-2" } = config;
  const isThere = Promise.withResolvers<void>();
  const params = { role: "gateway", id };
  const heard = given.bus.subscribe(presenceEvent, { params }, () => isThere.resolve());
  const gateway = await startGateway(given, { ...DEFAULTS, id, ...config });
  await isThere.promise;
  heard.unsubscribe();
  return {
    gateway,
    [Symbol.asyncDispose]: () => advanceUntil(given.clock, 100, stop(gateway)),
  };
}

async function stop(gateway: RunningGateway): Promise<void> {
  await gateway[Symbol.asyncDispose]();
}

/** A peer of the gateway that says where it listens, once the gateway knows. */
async function joined(
  given: GivenGateway,
  { port: listenPort }: ListeningLeecher,
  { by = infoHash, to = given.gateway }: { by?: InfoHash; to?: RunningGateway } = {},
): Promise<void> {
  const peer = new TestPeer({ port: to.peerAddress.port });
  peer.handshake(by, { peerId: givenPeerId("leecher"), reserved: { extended: true } });
  await peer.greeted();
  const messageIds = { metadata: null, pex: null, dontHave: null };
  const introduction = encodeExtensionHandshake({
    ...{ messageIds, metadataSizeBytes: null, requestsQueuedMax: null, client: null },
    ...{ yourIp: null, listenPort, uploadOnly: null },
  });
  peer.extend(0, introduction);
  await peer.interested();
}
