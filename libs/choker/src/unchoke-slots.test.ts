import { equal } from "node:assert/strict";
import { test } from "node:test";
import { givenPeer } from "./testing.ts";
import { autoSlots } from "./unchoke-slots.ts";

test("autoSlots() doubles while every slot earns its place", () => {
  const peers = Array.from({ length: 12 }, (_, index) =>
    givenPeer(`peer-${index}`, { amChoking: index >= 4, uploadBytesPerSecond: 50_000 }),
  );
  equal(autoSlots(4, peers), 8);
});

test("autoSlots() gives up slots that are too slow to be worth one", () => {
  const peers = Array.from({ length: 12 }, (_, index) =>
    givenPeer(`peer-${index}`, { amChoking: false, uploadBytesPerSecond: 9_300 }),
  );
  equal(autoSlots(16, peers), 6);
});

test("autoSlots() is never below BEP 3's four, whoever is there", () => {
  equal(autoSlots(16, []), 4);
});
