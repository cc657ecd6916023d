import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HandshakeBytes } from "./handshake-bytes.ts";

const anyReads = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });

test("HandshakeBytes gives back in order what was appended, in whatever portions", () => {
  fc.assert(
    fc.property(anyReads, fc.array(fc.nat(60), { maxLength: 20 }), (reads, counts) => {
      const received = new HandshakeBytes();
      const taken: number[] = [];
      for (const [index, read] of reads.entries()) {
        received.append(read);
        taken.push(...(received.take(counts[index] ?? 0) ?? []));
      }
      taken.push(...received.takeAll());
      deepEqual(taken, [...Buffer.concat(reads)]);
      equal(received.byteLength, 0);
    }),
  );
});

test("HandshakeBytes never writes to what was taken, nor to what was appended", () => {
  const received = new HandshakeBytes();
  const read = Uint8Array.of(1, 2, 3);
  received.append(read);
  const taken = received.take(2);
  received.append(Uint8Array.of(4, 5, 6, 7, 8, 9, 10));
  received.append(Uint8Array.of(11));
  deepEqual(taken, Uint8Array.of(1, 2));
  taken?.fill(0);
  deepEqual(received.takeAll(), Uint8Array.of(3, 4, 5, 6, 7, 8, 9, 10, 11));
  deepEqual(read, Uint8Array.of(1, 2, 3));
});

const MARK = Uint8Array.of(7, 7, 8);

const searches = [
  { given: "nothing", bytes: [], then: "awaited", rest: [] },
  { given: "the mark at once", bytes: [7, 7, 8, 9], then: "found", rest: [9] },
  { given: "a start that was none", bytes: [7, 7, 7, 8, 9], then: "found", rest: [9] },
  { given: "the mark at the last place", bytes: [1, 2, 3, 4, 7, 7, 8], then: "found", rest: [] },
  {
    given: "the mark one place too late",
    bytes: [1, 2, 3, 4, 5, 7, 7, 8],
    then: "absent",
    rest: [1, 2, 3, 4, 5, 7, 7, 8],
  },
  { given: "half a mark", bytes: [1, 2, 3, 4, 7, 7], then: "awaited", rest: [1, 2, 3, 4, 7, 7] },
  {
    given: "no mark where it could be",
    bytes: [1, 2, 3, 4, 7, 7, 9],
    then: "absent",
    rest: [1, 2, 3, 4, 7, 7, 9],
  },
];

for (const { given, bytes, then, rest } of searches) {
  test(`HandshakeBytes.takeThrough() given ${given}`, () => {
    const received = new HandshakeBytes();
    received.append(Uint8Array.from(bytes));
    equal(received.takeThrough(MARK, 4), then);
    deepEqual([...received.takeAll()], rest);
  });

  test(`HandshakeBytes.takeThrough() given ${given}, byte by byte`, () => {
    const received = new HandshakeBytes();
    const answers = bytes.map((byte) => {
      received.append(Uint8Array.of(byte));
      return received.takeThrough(MARK, 4);
    });
    equal(answers.find((answer) => answer !== "awaited") ?? "awaited", then);
  });
}
