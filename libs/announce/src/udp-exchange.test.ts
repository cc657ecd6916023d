import { deepEqual, equal, notDeepEqual, notEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Chance } from "./chance.ts";
import { readUdpAnswer } from "./read-udp-answer.ts";
import { givenFields } from "./testing.ts";
import { UDP_CONNECTION_MS, type UdpConnection, UdpExchange, udpWaitMs } from "./udp-exchange.ts";
import { udpAnnouncePacket, udpConnectPacket } from "./udp-packets.ts";

const ID = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

test("udpConnectPacket() makes the packet of BEP 15", () => {
  equal(hex(udpConnectPacket(0x0badcafe)), "0000041727101980000000000badcafe");
});

test("udpAnnouncePacket() makes the packet of BEP 15", () => {
  const fields = givenFields({ uploadedBytes: 3, downloadedBytes: 2 ** 40, event: "completed" });
  const head = { connectionId: ID, transactionId: 0x0badcafe, pathAndQuery: "" };
  equal(
    hex(udpAnnouncePacket(head, fields)),
    [
      "0102030405060708",
      "00000001",
      "0badcafe",
      "c0fda1edafdbdbb96443424e0b3899af7159d10e",
      hex(Buffer.from("-SF0100-abcdefghijkl")),
      "0000010000000000",
      "00000000000003e8",
      "0000000000000003",
      "00000001",
      "00000000",
      "0badcafe",
      "000000c8",
      "1ae1",
    ].join(""),
  );
});

test("udpAnnouncePacket() sends path and query in options of 255 bytes (BEP 41)", () => {
  const pathAndQuery = `/${"a".repeat(255)}`;
  const head = { connectionId: ID, transactionId: 1, pathAndQuery };
  const options = Buffer.from(udpAnnouncePacket(head, givenFields()).subarray(98));
  equal(hex(options.subarray(0, 2)), "02ff");
  equal(options.subarray(2, 257).toString(), pathAndQuery.slice(0, 255));
  equal(hex(options.subarray(257)), "020161");
});

test("readUdpAnswer() given an announce over IPv4", () => {
  const bytes = fromHex("00000001 0badcafe 00000384 00000004 00000003 7f000001 1ae1 c0000201 0000");
  deepEqual(readUdpAnswer(bytes, "ipv4"), {
    kind: "reply",
    peers: [{ host: "127.0.0.1", port: 6881 }],
    intervalMs: 900_000,
    minIntervalMs: null,
    leechers: 4,
    seeders: 3,
    trackerId: null,
    warning: null,
  });
});

test("readUdpAnswer() given an announce over IPv6", () => {
  const peer = "20010db8000000000000000000000001 1ae1";
  const answer = readUdpAnswer(
    fromHex(`00000001 0badcafe 00000384 00000004 00000003 ${peer} 2001`),
    "ipv6",
  );
  deepEqual(answer.kind === "reply" && answer.peers, [
    { host: "2001:db8:0:0:0:0:0:1", port: 6881 },
  ]);
});

test("readUdpAnswer() never throws on any bytes", () => {
  const family = fc.constantFrom("ipv4" as const, "ipv6" as const);
  const head = fc.nat({ max: 4 }).map((action) => Uint8Array.of(0, 0, 0, action));
  fc.assert(
    fc.property(head, fc.uint8Array({ maxLength: 64 }), family, (action, rest, of) => {
      const packet = Buffer.concat([action, rest]);
      for (const cut of [packet, rest]) {
        ok(["connected", "reply", "refusal", "violation"].includes(readUdpAnswer(cut, of).kind));
      }
    }),
  );
});

test("UdpExchange connects, announces and is answered", () => {
  const exchange = given(null);
  const connect = Buffer.from(exchange.packet(0));
  equal(connect.readUInt32BE(8), 0);
  deepEqual(exchange.packet(15_000), connect, "the same packet again");
  equal(exchange.receive(connected(connect), 16_000), "again");
  const announce = Buffer.from(exchange.packet(16_000));
  equal(announce.readUInt32BE(8), 1);
  deepEqual(announce.subarray(0, 8), Buffer.from(ID));
  notEqual(announce.readUInt32BE(12), connect.readUInt32BE(12));
  const answer = exchange.receive(replied(announce), 17_000);
  equal(answer !== null && answer !== "again" && answer.kind, "reply");
  deepEqual(exchange.connection, { id: ID, untilMs: 16_000 + UDP_CONNECTION_MS });
});

test("UdpExchange uses a connection id of before, and not when its minute is over", () => {
  const exchange = given({ id: ID, untilMs: 60_000 });
  equal(Buffer.from(exchange.packet(59_999)).readUInt32BE(8), 1);
  equal(Buffer.from(exchange.packet(60_000)).readUInt32BE(8), 0);
});

test("UdpExchange connects anew, once, when an id of before is refused", () => {
  const exchange = given({ id: ID, untilMs: 60_000 });
  const announce = Buffer.from(exchange.packet(0));
  equal(exchange.receive(refused(announce), 1), "again");
  const connect = Buffer.from(exchange.packet(1));
  equal(connect.readUInt32BE(8), 0);
  equal(exchange.receive(connected(connect), 2), "again");
  const answer = exchange.receive(refused(Buffer.from(exchange.packet(2))), 3);
  deepEqual(answer, { kind: "refusal", reason: "no", retryInMs: null });
});

test("UdpExchange lets fall what does not answer its last packet", () => {
  const exchange = given(null);
  const connect = Buffer.from(exchange.packet(0));
  const other = connected(connect);
  other.writeUInt32BE(connect.readUInt32BE(12) ^ 1, 4);
  equal(exchange.receive(other, 0), null);
  equal(exchange.receive(Buffer.alloc(3), 0), null);
  deepEqual(exchange.packet(0), connect);
  exchange.receive(connected(connect), 0);
  notDeepEqual(exchange.packet(0), connect);
  equal(exchange.receive(connected(connect), 0), null, "it is answered already");
});

test("UdpExchange takes no announce for an answer to a connect, and the other way round", () => {
  const exchange = given(null);
  const connect = Buffer.from(exchange.packet(0));
  const violation = { kind: "violation", code: "udp-answer-invalid" } as const;
  deepEqual(exchange.receive(replied(connect), 0), violation);
  exchange.receive(connected(connect), 0);
  deepEqual(exchange.receive(connected(Buffer.from(exchange.packet(0))), 0), violation);
});

test("udpWaitMs() doubles from 15 s up to 2^8 times as long", () => {
  const waits = [1, 2, 3, 9, 10, 99].map(udpWaitMs);
  deepEqual(waits, [15_000, 30_000, 60_000, 3_840_000, 3_840_000, 3_840_000]);
});

function given(connection: UdpConnection | null): UdpExchange {
  let drawn = 0;
  const chance: Chance = { below: () => ++drawn };
  const fields = givenFields();
  return new UdpExchange({ fields, family: "ipv4", pathAndQuery: "/", connection, chance });
}

function answerTo(request: Buffer, action: number, rest: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(action, 0);
  request.copy(head, 4, 12, 16);
  return Buffer.concat([head, rest]);
}

function connected(request: Buffer): Buffer {
  return answerTo(request, 0, ID);
}

function replied(request: Buffer): Buffer {
  return answerTo(request, 1, Buffer.alloc(12));
}

function refused(request: Buffer): Buffer {
  return answerTo(request, 3, Buffer.from("no"));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function fromHex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}
