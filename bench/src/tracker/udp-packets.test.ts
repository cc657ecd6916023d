import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { swarmHash } from "./swarm-names.ts";
import { ANNOUNCE_BYTES, AnnouncePackets, connectPacket, UdpReply } from "./udp-packets.ts";

test("connectPacket() is BEP 15's", () => {
  equal(Buffer.from(connectPacket(0xabcdef01)).toString("hex"), "000004172710198000000000abcdef01");
});

test("AnnouncePackets writes BEP 15's fields in place", () => {
  const packets = new AnnouncePackets({ count: 2, numWant: 50 });
  packets.write(1, {
    connectionId: new Uint8Array(8).fill(7),
    transaction: 0xfedcba98,
    hash: swarmHash(3),
    source: 5,
    port: 10_007,
  });
  const bytes = Buffer.from(packets.bytes.subarray(ANNOUNCE_BYTES));
  equal(bytes.length, 98);
  equal(bytes.readBigUInt64BE(0), 0x0707070707070707n);
  equal(bytes.readUInt32BE(8), 1, "action");
  equal(bytes.readUInt32BE(12), 0xfedcba98, "transaction");
  deepEqual(new Uint8Array(bytes.subarray(16, 36)), new Uint8Array(swarmHash(3)));
  equal(bytes.toString("latin1", 36, 56), "-SB0001-000000052717");
  equal(bytes.readBigUInt64BE(56), 0n, "downloaded");
  equal(bytes.readBigUInt64BE(64), 1_000_000n, "left");
  equal(bytes.readBigUInt64BE(72), 0n, "uploaded");
  equal(bytes.readUInt32BE(80), 2, "event");
  equal(bytes.readUInt32BE(92), 50, "numwant");
  equal(bytes.readUInt16BE(96), 10_007, "port");
});

const HEAD = "0000000100000009000006a40000000300000000";

const replies = [
  { given: "peers", hex: `${HEAD}7f4d000027107f4d00012711`, kind: "announced", span: [24, 36] },
  { given: "no peers", hex: HEAD, kind: "announced", span: [24, 24] },
  { given: "half a peer", hex: `${HEAD}7f4d00`, kind: "malformed" },
  { given: "a short head", hex: HEAD.slice(0, 36), kind: "malformed" },
  { given: "a connection", hex: "00000000000000090102030405060708", kind: "connected" },
  { given: "a short connection", hex: "000000000000000901020304", kind: "malformed" },
  { given: "an error", hex: "0000000300000009626164", kind: "refused", span: [12, 15] },
  { given: "next to nothing", hex: "000000", kind: "malformed" },
] as const;

for (const { given, hex, kind, ...rest } of replies) {
  test(`UdpReply given ${given}`, () => {
    const packet = Buffer.from(hex, "hex");
    const bytes = new Uint8Array(4 + packet.length + 8);
    bytes.set(packet, 4);
    const reply = new UdpReply();
    reply.read(new DataView(bytes.buffer), 4, packet.length);
    equal(reply.kind, kind);
    if (kind !== "malformed") equal(reply.transaction, 9);
    if (kind === "connected") equal(reply.connectionIdAt, 12);
    if (kind === "announced") equal(reply.leechers, 3);
    if ("span" in rest) deepEqual([reply.from, reply.to], rest.span);
  });
}
