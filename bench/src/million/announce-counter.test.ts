import { equal } from "node:assert/strict";
import { test } from "node:test";
import { countAnnounces } from "./announce-counter.ts";

test("countAnnounces() counts whoever comes to its address", async () => {
  await using counter = await countAnnounces();
  equal(counter.count, 0);
  const answer = await fetch(`${counter.url}?info_hash=x`, { headers: { connection: "close" } });
  equal(answer.status, 404);
  equal(counter.count, 1);
});
