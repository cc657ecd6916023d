import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { test } from "node:test";
import { type InfoHash, infoHashFromBytes } from "@seedfleet/bytes";
import { peerAnnouncedEvent } from "@seedfleet/contracts";
import { turn } from "@seedfleet/testkit";
import { encodeHandshake, encodeMessage, WireDecoder } from "@seedfleet/wire";
import { DIAL_AFTER_MS } from "./peers/announced-peers.ts";
import { GivenGateway, until } from "./testing.ts";
import { handshakeOn, type ListeningLeecher, listeningLeecher } from "./testing-leecher.ts";
import { givenPeerId } from "./testing-peer.ts";
import { givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const { infoHash } = ONE.metainfo;

test("a gateway goes to a leecher that does not come, and serves it", async () => {
  await using given = await GivenGateway.start([ONE]);
  await using leecher = await listeningLeecher();
  const socket = await announced(given, leecher);
  equal((await handshakeOn(socket))?.infoHash, infoHash);

  const length = 16_384;
  const request = { kind: "request", piece: 1, begin: length, length } as const;
  socket.write(greeting(infoHash));
  socket.write(encodeMessage({ kind: "interested" }));
  const decoder = new WireDecoder({ lengthMax: 100_000 });
  let data: Uint8Array | null = null;
  socket.on("data", (bytes: Buffer) => {
    decoder.push(bytes);
    for (let next = decoder.next(); next !== null; next = decoder.next()) {
      if (next.kind === "unchoke") socket.write(encodeMessage(request));
      if (next.kind === "piece") data = Buffer.from(next.data);
    }
  });
  await until(() => data !== null);
  const at = ONE.metainfo.pieceLengthBytes + length;
  deepEqual(data, ONE.content.subarray(at, at + length));
});

test("a gateway goes to a leecher by the hash that it announced itself by", async () => {
  const alias = infoHashFromBytes(new Uint8Array(20).fill(7));
  await using given = await GivenGateway.start([]);
  await given.publish(ONE, { aliases: [alias] });
  await using leecher = await listeningLeecher();
  const socket = await announced(given, leecher, alias);
  equal((await handshakeOn(socket))?.infoHash, alias);
});

test("a gateway leaves a leecher that answers for another torrent", async () => {
  await using given = await GivenGateway.start([ONE]);
  await using leecher = await listeningLeecher();
  const socket = await announced(given, leecher);
  socket.resume().write(greeting(infoHashFromBytes(new Uint8Array(20))));
  await once(socket, "close");
  await until(() => given.closed("torrent-other") === 1);
});

test("a gateway does not go to a leecher that has come", async () => {
  await using given = await GivenGateway.start([ONE]);
  await using leecher = await listeningLeecher();
  const peer = await given.join(ONE, "leecher");
  announce(given, leecher.port);
  await given.bus.flush();
  given.clock.advance(DIAL_AFTER_MS);
  await peer.interested();
  equal(leecher.connections.length, 0);
});

const dialled = [
  { policy: "off", then: [true] },
  { policy: "allowed", then: [true, false, false] },
  { policy: "required", then: [false, false] },
] as const;

for (const { policy, then } of dialled) {
  test(`a gateway goes to a leecher that closes no more than so often, ${policy}`, async () => {
    await using given = await GivenGateway.start([ONE], { encryption: policy });
    await using leecher = await listeningLeecher();
    const inTheClear: boolean[] = [];
    leecher.server.on("connection", (socket: Socket) => {
      socket.once("data", (bytes: Buffer) => {
        inTheClear.push(bytes.subarray(1, 20).equals(Buffer.from("BitTorrent protocol")));
        socket.destroy();
      });
    });
    announce(given, leecher.port);
    await given.bus.flush();
    given.clock.advance(DIAL_AFTER_MS);
    await until(() => given.closed("peer-closed") === then.length);
    for (let turns = 0; turns < 50; turns += 1) await turn();
    deepEqual(inTheClear, then);
  });
}

test("a gateway counts a leecher that cannot be reached", async () => {
  await using given = await GivenGateway.start([ONE]);
  const leecher = await listeningLeecher();
  await leecher[Symbol.asyncDispose]();
  announce(given, leecher.port);
  await given.bus.flush();
  given.clock.advance(DIAL_AFTER_MS);
  await until(() => given.closed("unreachable") === 1);
});

function announce({ bus }: GivenGateway, port: number, askedAs: InfoHash = infoHash): void {
  const address = { host: "127.0.0.1", port };
  const peer = { infoHash, askedAs, peerId: givenPeerId("leecher"), address };
  bus.publish(peerAnnouncedEvent, { gateway: "gateway-1" }, peer);
}

/** The connection that the gateway makes to a leecher it was told of. */
async function announced(
  given: GivenGateway,
  { server, port }: ListeningLeecher,
  askedAs: InfoHash = infoHash,
): Promise<Socket> {
  const connection = once(server, "connection");
  announce(given, port, askedAs);
  await given.bus.flush();
  given.clock.advance(DIAL_AFTER_MS);
  const [socket] = await connection;
  return socket;
}

function greeting(of: InfoHash): Uint8Array {
  const peerId = givenPeerId("leecher");
  return encodeHandshake({ infoHash: of, peerId, reserved: new Uint8Array(8) });
}
