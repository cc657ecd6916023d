import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { encodeMessage } from "@seedfleet/wire";
import { BlockFraming } from "./block-framing.ts";

const DATA = Uint8Array.from({ length: 40 }, (_, at) => at);

/** What the framing finds in `reads`, as one line for each thing; pieces above 0 are wanted. */
function foundIn(reads: readonly Uint8Array[]): readonly string[] {
  const found: string[] = [];
  let kept: number[] = [];
  const framing = new BlockFraming({
    blockBegins(piece, begin, length) {
      found.push(`block ${piece} ${begin} ${length}`);
      kept = [];
      return piece > 0;
    },
    blockBytes: (bytes) => void kept.push(...bytes),
    blockEnds: () => void found.push(`ends ${kept.join(" ")}`),
    message: (id) => void found.push(`message ${id}`),
  });
  for (const read of reads) framing.push(read);
  return found;
}

const stream = Buffer.concat([
  encodeMessage({ kind: "bitfield", bits: Uint8Array.of(255, 128) }),
  encodeMessage({ kind: "keep-alive" }),
  encodeMessage({ kind: "unchoke" }),
  encodeMessage({ kind: "piece", piece: 3, begin: 16_384, data: DATA }),
  encodeMessage({ kind: "piece", piece: 0, begin: 0, data: DATA }),
  encodeMessage({ kind: "have", piece: 9 }),
  encodeMessage({ kind: "piece", piece: 0x80_00_00_01, begin: 1, data: DATA.subarray(0, 1) }),
  encodeMessage({ kind: "choke" }),
]);

const EXPECTED = [
  "message 5",
  "message 1",
  "block 3 16384 40",
  `ends ${DATA.join(" ")}`,
  "block 0 0 40",
  "ends ",
  "message 4",
  "block 2147483649 1 1",
  "ends 0",
  "message 0",
];

test("BlockFraming finds every message of one read", () => {
  deepEqual(foundIn([stream]), EXPECTED);
});

test("BlockFraming finds the same wherever a read is cut", () => {
  for (let at = 0; at <= stream.length; at += 1) {
    deepEqual(foundIn([stream.subarray(0, at), stream.subarray(at)]), EXPECTED);
  }
});

test("BlockFraming finds the same byte by byte and in small reads", () => {
  for (const size of [1, 2, 3, 5, 13, 17]) {
    const reads: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) reads.push(stream.subarray(at, at + size));
    deepEqual(foundIn(reads), EXPECTED);
  }
});
