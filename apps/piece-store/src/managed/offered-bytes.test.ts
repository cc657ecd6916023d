import { deepEqual, equal, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { KEPT_CHUNK_BYTES_MIN, OfferedBytes } from "./offered-bytes.ts";

test("OfferedBytes has what came, however it is cut, and gives every chunk back once", () => {
  const lengths = fc.array(fc.constantFrom(0, 1, 9, KEPT_CHUNK_BYTES_MIN, 100_000), {
    maxLength: 8,
  });
  const check = (cuts: readonly number[]): void => {
    const chunks = cuts.map((length) => randomBytes(length));
    const whole = Buffer.concat(chunks);
    const given: Uint8Array[] = [];
    {
      using bytes = new OfferedBytes(whole.length, (chunk) => void given.push(chunk));
      for (const chunk of chunks) equal(bytes.push(chunk), true);
      equal(bytes.receivedBytes, whole.length);
      deepEqual(Buffer.concat(bytes.parts), whole);
      deepEqual(Buffer.from(bytes.joined()), whole);
      equal(bytes.push(Buffer.of(1)), false);
    }
    equal(given.length, chunks.length + 1);
    ok(chunks.every((chunk) => given.includes(chunk)));
  };
  fc.assert(fc.property(lengths, check), { numRuns: 50 });
});

test("OfferedBytes given bytes one by one has few parts", () => {
  using bytes = new OfferedBytes(1_000, () => {});
  for (let at = 0; at < 1_000; at += 1) bytes.push(Buffer.of(at));
  equal(bytes.parts.length, 1);
});

test("OfferedBytes given a whole piece copies nothing", () => {
  const piece = randomBytes(16_384);
  using bytes = new OfferedBytes(piece.length, () => {});
  equal(bytes.push(piece), true);
  equal(bytes.joined(), piece);
});
