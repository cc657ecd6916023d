import { ok } from "node:assert/strict";
import { test } from "node:test";
import { roundBytes } from "./round-bytes.ts";

// A message of NATS holds 1 MiB unless it is told otherwise.
test("roundBytes() of as many peers as a request may have fit one message", () => {
  const { peers, askedBytes, answeredBytes } = roundBytes(4_096);
  ok(peers * askedBytes < 2 ** 20);
  ok(answeredBytes < askedBytes);
});
