import { equal } from "node:assert/strict";
import { test } from "node:test";
import { KEEP_ALIVE_INTERVAL_MS, PEER_IDLE_MS_MAX, SEND_STALL_MS_MAX } from "./peer-limits.ts";
import { PeerLiveness } from "./peer-liveness.ts";

const QUIET = { fullSinceMs: null, sentBytes: 0 };

test("PeerLiveness keeps alive what we have said nothing on for long", () => {
  const liveness = new PeerLiveness(0);
  equal(liveness.check(QUIET, KEEP_ALIVE_INTERVAL_MS), null);
  equal(liveness.check(QUIET, KEEP_ALIVE_INTERVAL_MS + 1), "keep-alive");
  liveness.spoke(KEEP_ALIVE_INTERVAL_MS + 1);
  equal(liveness.check(QUIET, KEEP_ALIVE_INTERVAL_MS + 2), null);
});

test("PeerLiveness takes blocks that were sent for speech", () => {
  const liveness = new PeerLiveness(0);
  const sent = { ...QUIET, sentBytes: 1 };
  equal(liveness.check(sent, KEEP_ALIVE_INTERVAL_MS + 1), null);
  equal(liveness.check(sent, 2 * KEEP_ALIVE_INTERVAL_MS + 2), "keep-alive");
});

test("PeerLiveness ends with a peer that is silent for long, whatever we say", () => {
  const liveness = new PeerLiveness(0);
  liveness.spoke(PEER_IDLE_MS_MAX);
  equal(liveness.check(QUIET, PEER_IDLE_MS_MAX), null);
  equal(liveness.check(QUIET, PEER_IDLE_MS_MAX + 1), "idle");
  liveness.received(PEER_IDLE_MS_MAX);
  equal(liveness.check(QUIET, PEER_IDLE_MS_MAX + 1), null);
});

test("PeerLiveness ends with a socket that takes nothing for long, and says nothing to it", () => {
  const liveness = new PeerLiveness(0);
  const full = { ...QUIET, fullSinceMs: 1_000 };
  equal(liveness.check(full, 1_000 + SEND_STALL_MS_MAX), null);
  equal(liveness.check(full, 1_001 + SEND_STALL_MS_MAX), "send-stalled");
});
