import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { utpReset } from "./utp-reset.ts";

// What Transmission 3.00 sends first: a SYN with connection id 3b9f, seq_nr 1 and extension bits.
const syn = Buffer.from(`41023b9f1b336266ce00000000040000000100000008${"0".repeat(16)}`, "hex");

test("utpReset() given a SYN refuses its connection and acknowledges its number", () => {
  const reset = utpReset(syn);
  deepEqual(Buffer.from(reset ?? []).toString("hex"), `31003b9f${"0".repeat(28)}0001`);
});

const others = [
  { given: "data of a connection", packet: Buffer.concat([Buffer.of(0x01), syn.subarray(1)]) },
  { given: "a reset", packet: Buffer.concat([Buffer.of(0x31), syn.subarray(1)]) },
  { given: "a SYN of another version", packet: Buffer.concat([Buffer.of(0x40), syn.subarray(1)]) },
  { given: "a SYN cut short", packet: syn.subarray(0, 19) },
  { given: "a DHT query", packet: Buffer.from("d1:ad2:id20:abcdefghij0123456789e1:q4:ping") },
];

for (const { given, packet } of others) {
  test(`utpReset() given ${given} says nothing`, () => {
    equal(utpReset(packet), null);
  });
}

test("utpReset() never answers with more than it got", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (packet) => {
      const answer = utpReset(packet);
      return answer === null || answer.length <= packet.length;
    }),
  );
});
