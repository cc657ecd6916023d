import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes, peerIdFromBytes } from "@seedfleet/bytes";
import fc from "fast-check";
import { encodeHandshake, HANDSHAKE_BYTES, HandshakeDecoder } from "./handshake.ts";
import { cut } from "./testing.ts";

const twenty = fc.uint8Array({ minLength: 20, maxLength: 20 });
const anyHandshake = fc
  .record({
    hash: twenty,
    id: twenty,
    reserved: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  })
  .map(({ hash, id, reserved }) => ({
    infoHash: infoHashFromBytes(hash),
    peerId: peerIdFromBytes(id),
    reserved,
  }));

test("HandshakeDecoder gives back what was encoded, and the bytes after it", () => {
  fc.assert(
    fc.property(anyHandshake, fc.uint8Array(), fc.array(fc.nat(200)), (sent, rest, places) => {
      const decoder = new HandshakeDecoder();
      const bytes = Buffer.concat([encodeHandshake(sent), rest]);
      let decoded = decoder.next();
      for (const read of cut(bytes, places)) {
        decoder.push(read);
        decoded ??= decoder.next();
      }
      deepEqual(decoded, sent);
      deepEqual([...decoder.takeRest()], [...rest]);
    }),
  );
});

test("HandshakeDecoder given another protocol ends at its first wrong byte", () => {
  const decoder = new HandshakeDecoder();
  decoder.push(Buffer.from("GET / HTTP/1.1\r\n"));
  deepEqual(decoder.next(), { kind: "violation", code: "handshake-protocol" });
});

test("HandshakeDecoder given all but the last byte waits", () => {
  const handshake = encodeHandshake({
    infoHash: infoHashFromBytes(new Uint8Array(20)),
    peerId: peerIdFromBytes(new Uint8Array(20)),
    reserved: new Uint8Array(8),
  });
  const decoder = new HandshakeDecoder();
  decoder.push(handshake.subarray(0, HANDSHAKE_BYTES - 1));
  equal(decoder.next(), null);
});
