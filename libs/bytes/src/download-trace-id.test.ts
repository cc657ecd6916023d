import { equal } from "node:assert/strict";
import { test } from "node:test";
import { downloadTraceId } from "./download-trace-id.ts";
import { infoHashFromBytes } from "./info-hash.ts";
import { peerIdFromBytes } from "./peer-id.ts";

// The expected id is what `sha256sum` says of 20 bytes 0x01 and then 20 bytes 0x02.
test("downloadTraceId() is the head of the SHA-256 of info hash and peer id", () => {
  const infoHash = infoHashFromBytes(new Uint8Array(20).fill(1));
  const peerId = peerIdFromBytes(new Uint8Array(20).fill(2));
  equal(downloadTraceId(infoHash, peerId), "e3783929a196ec9479a1b1a4abb0a198");
});

test("downloadTraceId() tells two peers of a torrent apart", () => {
  const infoHash = infoHashFromBytes(new Uint8Array(20));
  const ids = [3, 4].map((byte) =>
    downloadTraceId(infoHash, peerIdFromBytes(new Uint8Array(20).fill(byte))),
  );
  equal(new Set(ids).size, 2);
});
