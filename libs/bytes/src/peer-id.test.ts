import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePeerId, peerIdBytes, peerIdFromBytes } from "./peer-id.ts";

const anyPeerId = fc.uint8Array({ minLength: 20, maxLength: 20 });

test("peerIdBytes() gives back what peerIdFromBytes() took", () => {
  fc.assert(
    fc.property(anyPeerId, (bytes) => {
      const peerId = peerIdFromBytes(bytes);
      deepEqual(peerIdBytes(peerId), bytes);
      equal(parsePeerId(peerId.toUpperCase()), peerId);
    }),
  );
});

test("parsePeerId() given the 20 characters of a client", () => {
  equal(parsePeerId("-SF0100-abcdefghijkl"), null);
});

test("peerIdFromBytes() given 21 bytes is our own mistake", () => {
  throws(() => peerIdFromBytes(new Uint8Array(21)));
});
