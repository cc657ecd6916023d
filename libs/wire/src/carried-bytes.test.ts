import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CarriedBytes } from "./carried-bytes.ts";
import { encodeMessage } from "./encode-message.ts";
import type { PeerMessage, WireViolation } from "./message.ts";
import { anyMessage, cut } from "./testing.ts";
import { WireDecoder } from "./wire-decoder.ts";

test("CarriedBytes gives a read that has what is asked for as it is", () => {
  const received = new CarriedBytes();
  const read = Uint8Array.of(1, 2, 3);
  received.append(read);
  equal(received.hold(2), read);
  received.drop(2);
  equal(received.hold(1), read);
  equal(received.offset, 2);
});

test("CarriedBytes keeps room for what came and not for what is announced", () => {
  const received = new CarriedBytes();
  for (let count = 0; count < 100_000; count += 1) {
    received.append(Uint8Array.of(count));
    received.settle();
  }
  equal(received.byteLength, 100_000);
  ok(received.hold(1).length <= 200_000);
});

test("WireDecoder decodes the same where the memory of reads is used again", () => {
  const anyMessages = fc.array(anyMessage, { maxLength: 12 });
  fc.assert(
    fc.property(anyMessages, fc.array(fc.integer({ min: 1, max: 40 })), (messages, lengths) => {
      const bytes = Buffer.concat(messages.map(encodeMessage));
      const whole = new WireDecoder({ lengthMax: 100_000 });
      whole.push(bytes);
      const expected = all(whole, (message) => message);
      const decoder = new WireDecoder({ lengthMax: 100_000, reusesReads: true });
      const decoded: unknown[] = [];
      for (const part of cut(bytes, lengths)) {
        const read = Uint8Array.from(part);
        decoder.push(read);
        // Blocks alone must be looked at now.
        decoded.push(...all(decoder, (message) => owned(message)));
        decoder.settle();
        read.fill(0xee);
      }
      deepEqual(decoded.map(plain), expected.map(plain));
    }),
  );
});

type Decoded = PeerMessage | WireViolation;

function all(decoder: WireDecoder, take: (message: Decoded) => Decoded): readonly Decoded[] {
  const taken: Decoded[] = [];
  for (let next = decoder.next(); next !== null; next = decoder.next()) taken.push(take(next));
  return taken;
}

function owned(message: Decoded): Decoded {
  return message.kind === "piece" ? { ...message, data: Uint8Array.from(message.data) } : message;
}

/** With bytes as numbers, whatever kind of array has them. */
function plain(message: unknown): unknown {
  const entries = Object.entries(message as object);
  return entries.map(([key, value]) => [key, value instanceof Uint8Array ? [...value] : value]);
}
