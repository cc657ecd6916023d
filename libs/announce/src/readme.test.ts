import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { httpAnnounceUrl, readHttpAnswer, TrackerTiers, trackerLabel } from "./index.ts";
import { firstChance, givenFields } from "./testing.ts";

test("the example of README.md holds", () => {
  const [chance, fields, nowMs] = [firstChance, givenFields(), 1_000];
  const tiers = new TrackerTiers([["http://t.example/0123abcd/announce"]], chance, nowMs);
  const step = tiers.next(nowMs, { wantsPeers: true });
  ok(step.kind === "announce");
  equal(trackerLabel(step.tracker), "http://t.example:80/…");
  const url = httpAnnounceUrl(step.tracker, { ...fields, event: step.event });
  ok(url.startsWith("http://t.example/0123abcd/announce?info_hash="));
  const answer = readHttpAnswer(Buffer.from("d8:intervali60e5:peers6:\x7f\0\0\x01\x1a\x01e"));
  ok(answer.kind === "reply");
  tiers.answered(answer, nowMs);
  const next = tiers.next(nowMs, { wantsPeers: false });
  equal(next.kind === "wait" && next.untilMs, nowMs + 60_000);
});
