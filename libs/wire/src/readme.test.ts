import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  encodeMessage,
  WireDecoder,
} from "./index.ts";

test("the example of README.md holds", () => {
  const decoder = new WireDecoder({ lengthMax: 1_000 });
  const block = { piece: 0, begin: 0, length: 0 };
  decoder.push(encodeMessage({ kind: "request", piece: 7, begin: 0, length: 16_384 }));
  ok(decoder.nextRequest(block));
  deepEqual(block, { piece: 7, begin: 0, length: 16_384 });
  equal(decoder.next(), null);

  const payload = encodeExtensionHandshake({
    messageIds: { metadata: 2, pex: 1, dontHave: null },
    metadataSizeBytes: 31_235,
    requestsQueuedMax: 2_048,
    client: "Seedfleet 0.1",
    yourIp: "192.0.2.7",
    listenPort: null,
    uploadOnly: true,
  });
  decoder.push(encodeMessage({ kind: "extended", extendedId: 0, payload }));
  const message = decoder.next();
  ok(message?.kind === "extended");
  const handshake = decodeExtensionHandshake(message.payload);
  ok(!("kind" in handshake));
  equal(handshake.messageIds.pex, 1);
});
