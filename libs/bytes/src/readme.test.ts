import { equal } from "node:assert/strict";
import { test } from "node:test";
import {
  downloadTraceId,
  endpointHost,
  endpointOf,
  infoHashBytes,
  parseInfoHash,
  parseInfoHashV2,
  peerIdFromBytes,
  truncatedInfoHash,
} from "./index.ts";

test("the example of README.md holds", () => {
  const infoHash = parseInfoHash("C0FDA1EDAFDBDBB96443424E0B3899AF7159D10E");
  const peerId = peerIdFromBytes(new TextEncoder().encode("-SF0100-abcdefghijkl"));
  equal(infoHash, "c0fda1edafdbdbb96443424e0b3899af7159d10e");
  equal(infoHash && infoHashBytes(infoHash).length, 20);
  equal(infoHash && downloadTraceId(infoHash, peerId).length, 32);
  const infoHashV2 = parseInfoHashV2("AB".repeat(32));
  equal(infoHashV2 && truncatedInfoHash(infoHashV2), "ab".repeat(20));
  const endpoint = endpointOf("::ffff:192.0.2.7", 6881);
  equal(endpoint && endpointHost(endpoint), "192.0.2.7");
});
