import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { initialOpenSlots, openSlots } from "./open-slots.ts";

const LINE_BYTES_PER_SECOND = 100_000;

// Each peer's own line takes a fiftieth of the uplink.
test("openSlots() fills an uplink with slow peers, and opens few more than that takes", () => {
  const limitBytesPerSecond = 50 * LINE_BYTES_PER_SECOND;
  let open = initialOpenSlots();
  let usedBytes = 0;
  for (let round = 0; round < 360; round += 1) {
    const usedBytesPerSecond = Math.min(limitBytesPerSecond, open.slots * LINE_BYTES_PER_SECOND);
    open = openSlots(open, { usedBytesPerSecond, limitBytesPerSecond }, 500 - open.slots);
    if (round >= 20) usedBytes += usedBytesPerSecond;
    if (round >= 60) ok(open.slots >= 45 && open.slots <= 64, `${open.slots} slots`);
  }
  ok(usedBytes / 340 / limitBytesPerSecond >= 0.95);
});

test("openSlots() opens none for nobody", () => {
  const idle = { usedBytesPerSecond: 0, limitBytesPerSecond: 1_000 };
  equal(openSlots(initialOpenSlots(), idle, 0).slots, 4);
});
