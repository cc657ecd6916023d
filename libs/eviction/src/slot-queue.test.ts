import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SlotQueue } from "./slot-queue.ts";

const SLOTS = 6;

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom("push", "remove", "renew"),
    slot: fc.nat(SLOTS - 1),
    bytes: fc.integer({ min: 1, max: 2 ** 24 }),
  }),
  { maxLength: 100 },
);

test("SlotQueue agrees with a list whatever enters and leaves", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const queue = new SlotQueue(SLOTS);
      let model: { readonly slot: number; readonly bytes: number }[] = [];
      for (const { kind, slot, bytes } of all) {
        const held = model.find((each) => each.slot === slot);
        if (kind === "push" && held === undefined) {
          queue.push(slot, bytes);
          model.push({ slot, bytes });
        } else if (kind === "remove") {
          equal(queue.remove(slot), held?.bytes ?? 0);
          model = model.filter((each) => each !== held);
        } else if (kind === "renew" && held !== undefined) {
          queue.renew(slot);
          model = [...model.filter((each) => each !== held), held];
        }
        deepEqual(
          slotsOf(queue),
          model.map((each) => each.slot),
        );
        equal(queue.length, model.length);
        equal(
          queue.byteLength,
          model.reduce((sum, each) => sum + each.bytes, 0),
        );
        equal(queue.has(slot), slotsOf(queue).includes(slot));
      }
    }),
  );
});

function slotsOf(queue: SlotQueue): readonly number[] {
  const slots: number[] = [];
  for (let slot = queue.oldest; slot !== null; slot = queue.newerThan(slot)) slots.push(slot);
  return slots;
}
