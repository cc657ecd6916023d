import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { BLOCK_BYTES, WireDecoder } from "@seedfleet/wire";
import { RequestPlan } from "./request-plan.ts";

/** Two pieces of two blocks, and one of a block and a rest. */
const SHAPE = { pieceLengthBytes: 2 * BLOCK_BYTES, sizeBytes: 5 * BLOCK_BYTES + 100 };

test("RequestPlan numbers every block once", () => {
  const plan = new RequestPlan(SHAPE);
  equal(plan.blockCount, 6);
  for (let index = 0; index < plan.blockCount; index += 1) {
    const { piece, begin, length } = plan.block(index);
    equal(plan.indexOf(piece, begin, length), index);
  }
  deepEqual(plan.block(5), { piece: 2, begin: BLOCK_BYTES, length: 100 });
});

test("blocksOf() a piece are all its blocks, and of the last piece fewer", () => {
  const plan = new RequestPlan({ ...SHAPE, sizeBytes: 4 * BLOCK_BYTES + 100 });
  deepEqual(
    [0, 1, 2].map((piece) => plan.blocksOf(piece)),
    [
      { first: 0, count: 2 },
      { first: 2, count: 2 },
      { first: 4, count: 1 },
    ],
  );
});

test("indexOf() given what is no block of the torrent", () => {
  const plan = new RequestPlan(SHAPE);
  equal(plan.indexOf(0, 1, BLOCK_BYTES), null);
  equal(plan.indexOf(0, 2 * BLOCK_BYTES, BLOCK_BYTES), null);
  equal(plan.indexOf(3, 0, BLOCK_BYTES), null);
  equal(plan.indexOf(2, BLOCK_BYTES, BLOCK_BYTES), null);
});

test("requests() are the blocks' requests as a peer decodes them", () => {
  const decoder = new WireDecoder({ lengthMax: 100 });
  const plan = new RequestPlan(SHAPE);
  decoder.push(plan.requests({ first: 3, count: 2 }));
  deepEqual(decoder.next(), { kind: "request", ...plan.block(3) });
  deepEqual(decoder.next(), { kind: "request", ...plan.block(4) });
  equal(decoder.next(), null);
});
