import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { reservedBits, reservedBytes } from "./reserved-bits.ts";

const NONE = { fast: false, extended: false, v2: false, dht: false };

const cases = [
  { given: "nothing", hex: "0000000000000000", then: NONE },
  { given: "the fast extension", hex: "0000000000000004", then: { ...NONE, fast: true } },
  { given: "extension messages", hex: "0000000000100000", then: { ...NONE, extended: true } },
  { given: "the upgrade to v2", hex: "0000000000000010", then: { ...NONE, v2: true } },
  { given: "the DHT", hex: "0000000000000001", then: { ...NONE, dht: true } },
] as const;

for (const { given, hex, then } of cases) {
  test(`reservedBits() and reservedBytes() given ${given}`, () => {
    deepEqual(reservedBits(Uint8Array.fromHex(hex)), then);
    equal(reservedBytes(then).toHex(), hex);
  });
}

test("reservedBits() passes over the bits of others", () => {
  deepEqual(reservedBits(Uint8Array.fromHex("ffffffffffefffea")), NONE);
});

test("reservedBits() gives back what reservedBytes() took", () => {
  const anyBits = fc.record(
    { fast: fc.boolean(), extended: fc.boolean(), v2: fc.boolean(), dht: fc.boolean() },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(anyBits, (bits) => deepEqual(reservedBits(reservedBytes(bits)), bits)));
});
