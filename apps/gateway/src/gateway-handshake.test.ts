import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { watchPresence } from "@seedfleet/fleet";
import { turn } from "@seedfleet/testkit";
import { encodeHandshake, encodeMessage } from "@seedfleet/wire";
import { HANDSHAKE_TIMEOUT_MS } from "./peers/peer-limits.ts";
import { bindGateway, startGateway } from "./start-gateway.ts";
import { DEFAULTS, GivenGateway, until } from "./testing.ts";
import { givenPeerId } from "./testing-peer.ts";
import { givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const OTHER = givenTorrent("other");
const ALIAS = givenTorrent("alias of one").metainfo.infoHash;

test("a gateway answers a handshake with its own and a full bitfield", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE);
  equal(peer.handshaken?.infoHash, ONE.metainfo.infoHash);
  ok(
    Buffer.from(peer.handshaken?.peerId ?? "", "hex")
      .toString("latin1")
      .startsWith("-SF"),
  );
  const bits = Uint8Array.of(0b1111_1000);
  deepEqual(peer.heard, [{ kind: "bitfield", bits }]);
  deepEqual([given.gauge("peers"), given.gauge("unchoked_peers")], [1, 0]);
});

test("a gateway takes a handshake in single bytes, and what comes right behind it", async () => {
  await using given = await GivenGateway.start([ONE]);
  const slow = await given.connect();
  const { infoHash } = ONE.metainfo;
  const handshake = { infoHash, peerId: givenPeerId("slow"), reserved: new Uint8Array(8) };
  for (const byte of encodeHandshake(handshake)) slow.socket.write(Uint8Array.of(byte));
  await slow.greeted();

  const hasty = await given.connect();
  const interested = encodeMessage({ kind: "interested" });
  hasty.socket.write(Buffer.concat([encodeHandshake(handshake), interested]));
  await hasty.until(() => !hasty.choked);
});

test("a gateway closes a peer of a torrent nobody published, without a word", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.connect();
  peer.handshake(OTHER.metainfo.infoHash);
  await peer.closed;
  deepEqual([given.closed("torrent-unknown"), peer.socket.bytesRead], [1, 0]);
});

test("a gateway closes a peer of a torrent whose metainfo is another's", async () => {
  await using given = await GivenGateway.start([{ ...ONE, bytes: OTHER.bytes }]);
  const peer = await given.connect();
  peer.handshake(ONE.metainfo.infoHash);
  await peer.closed;
  equal(given.closed("torrent-unreadable"), 1);
});

test("a gateway closes a connection to itself", async () => {
  await using given = await GivenGateway.start([ONE]);
  const first = await given.join(ONE);
  const peer = await given.connect();
  peer.handshake(ONE.metainfo.infoHash, first.handshaken?.peerId);
  await peer.closed;
  equal(given.closed("own-peer-id"), 1);
});

const STRANGE = ["GET / HTTP/1.1\r\n\r\n", "\x13BitTorrent protocoL", "\x00"] as const;

test("a gateway that never encrypts closes a stranger at the first wrong byte", async () => {
  await using given = await GivenGateway.start([ONE], { encryption: "off" });
  for (const text of STRANGE) {
    const peer = await given.connect();
    peer.socket.write(text, "latin1");
    await peer.closed;
    equal(peer.socket.bytesRead, 0);
  }
  equal(given.closed("handshake-protocol"), 3);
});

test("a gateway takes strange bytes for a public key, and waits 10 s for the rest", async () => {
  await using given = await GivenGateway.start([ONE]);
  const strangers = await Promise.all(STRANGE.map(() => given.connect()));
  for (const [index, { socket }] of strangers.entries()) {
    socket.write(STRANGE[index] ?? "", "latin1");
  }
  await given.join(ONE);
  given.clock.advance(HANDSHAKE_TIMEOUT_MS);
  for (const { closed } of strangers) await closed;
  equal(given.closed("handshake-timeout"), 3);
});

test("a gateway closes who sends more garbage than an encrypted handshake may have", async () => {
  for (const encryption of ["allowed", "required"] as const) {
    await using given = await GivenGateway.start([ONE], { encryption });
    const peer = await given.connect();
    peer.ignore();
    peer.socket.write(Buffer.alloc(1_024, "GET / HTTP/1.1\r\n"));
    await peer.closed;
    equal(given.closed("mse-sync-lost"), 1);
  }
});

test("a gateway that must encrypt closes who does not, and says nothing", async () => {
  await using given = await GivenGateway.start([ONE], { encryption: "required" });
  const peer = await given.connect();
  peer.handshake(ONE.metainfo.infoHash);
  await peer.closed;
  deepEqual([given.closed("not-encrypted"), peer.socket.bytesRead], [1, 0]);
});

test("a gateway closes who says nothing for 10 s, and no sooner", async () => {
  await using given = await GivenGateway.start([ONE]);
  const silent = await given.connect();
  const half = await given.connect();
  half.socket.write("\x13BitTorrent");
  // Connections are accepted in turn, so those before this one are.
  await given.join(ONE);
  given.clock.advance(HANDSHAKE_TIMEOUT_MS - 1);
  await turn();
  equal(given.closed("handshake-timeout"), 0);
  given.clock.advance(1);
  await Promise.all([silent.closed, half.closed]);
  equal(given.closed("handshake-timeout"), 2);
});

test("a gateway counts who leaves in the middle of the handshake", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.connect();
  peer.socket.end("\x13BitTorrent");
  await peer.closed;
  equal(given.closed("peer-closed"), 1);
  equal(given.gauge("peers"), 0);
});

test("a gateway that is full closes more peers at once, until one leaves", async () => {
  await using given = await GivenGateway.start([ONE], { peersMax: 2 });
  const first = await given.join(ONE);
  // One that has not said anything yet counts as well.
  await given.connect();
  const third = await given.connect();
  await third.closed;
  equal(given.closed("gateway-full"), 1);
  first[Symbol.dispose]();
  await until(() => given.closed("peer-closed") === 1);
  await given.join(ONE);
});

test("a gateway lets only so many in from one address", async () => {
  await using given = await GivenGateway.start([ONE], { peersPerAddressMax: 1 });
  await given.join(ONE);
  const second = await given.connect();
  await second.closed;
  equal(given.closed("address-full"), 1);
});

test("a gateway lets go of a seed that wants nothing", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE);
  peer.send({ kind: "bitfield", bits: Uint8Array.of(0b1111_1000) });
  await peer.closed;
  equal(given.closed("peer-is-seed"), 1);
});

test("a gateway says that it is there, and by which address", async () => {
  const advertised = { advertisedHost: "192.0.2.7", advertisedPort: 7000, peersMax: 4 };
  await using given = await GivenGateway.start([ONE], advertised);
  const presence = watchPresence(given, ["gateway"]);
  const { id, peerAddress, load } = await presence.first("gateway");
  deepEqual([id, peerAddress, load], ["gateway-1", { host: "192.0.2.7", port: 7000 }, 0]);
  presence.stop();
});

test("bindGateway() given a port in use says so", async () => {
  using first = await bindGateway(DEFAULTS);
  const config = { ...DEFAULTS, peerPort: first.port };
  const detail = { code: "port-in-use", purpose: "peers", host: config.host, port: first.port };
  await rejects(bindGateway(config), { detail });
});

test("startGateway() given peers that came before it was ready serves them", async () => {
  await using given = await GivenGateway.start([ONE]);
  const bound = await bindGateway(DEFAULTS);
  const early = await given.connect({ port: bound.port });
  early.handshake(ONE.metainfo.infoHash);
  await using _gateway = await startGateway(given, { ...DEFAULTS, id: "gateway-2" }, bound);
  await early.greeted();
});

test("startGateway() given a bus that fails gives the port back", async () => {
  await using given = await GivenGateway.start([]);
  const bus = createBus(openEmbeddedBus({ file: null }), given);
  await bus.close();
  const bound = await bindGateway(DEFAULTS);
  const { port } = bound;
  await rejects(startGateway({ ...given, bus }, DEFAULTS, bound), {
    detail: { code: "bus-closed" },
  });
  const refused = once(connect(port, "127.0.0.1"), "connect");
  await rejects(refused, { code: "ECONNREFUSED" });
});

test("a gateway takes a peer by an alias of its torrent, and answers with that", async () => {
  await using given = await GivenGateway.start([OTHER]);
  await given.publish(ONE, { aliases: [ALIAS] });
  for (const [index, infoHash] of [ALIAS, ONE.metainfo.infoHash, ALIAS].entries()) {
    const peer = await given.connect();
    peer.handshake(infoHash, givenPeerId(`peer-${index}`));
    await peer.until(() => peer.handshaken !== null);
    equal(peer.handshaken?.infoHash, infoHash);
    await peer.interested();
  }
});
