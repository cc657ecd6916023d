import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ReceivedBytes } from "./received-bytes.ts";

test("ReceivedBytes gives a read that has what is asked for as it is", () => {
  const received = new ReceivedBytes();
  const read = Uint8Array.of(1, 2, 3);
  received.append(read);
  equal(received.hold(2), read);
  received.drop(2);
  equal(received.hold(1), read);
  equal(received.offset, 2);
});

test("ReceivedBytes does not keep thousands of tiny reads apart", () => {
  const received = new ReceivedBytes();
  for (let count = 0; count < 10_000; count += 1) received.append(Uint8Array.of(count));
  equal(received.byteLength, 10_000);
  // The first read holds nearly all: at most 128 others wait behind it.
  ok(received.hold(1).length >= 10_000 - 129);
});

test("ReceivedBytes is one array from which bytes are taken", () => {
  const anyStep = fc.oneof(
    fc.record({ append: fc.uint8Array({ maxLength: 9 }) }),
    fc.record({ take: fc.nat(12) }),
  );
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 400 }), (steps) => {
      const received = new ReceivedBytes();
      let model: number[] = [];
      for (const step of steps) {
        if ("append" in step) {
          received.append(step.append);
          model = [...model, ...step.append];
        } else {
          const count = Math.min(step.take, model.length);
          deepEqual([...received.peek(count)], model.slice(0, count));
          received.drop(count);
          model = model.slice(count);
        }
        equal(received.byteLength, model.length);
      }
      deepEqual([...received.takeAll()], model);
      equal(received.byteLength, 0);
    }),
  );
});
