import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { Block } from "@seedfleet/wire";
import fc from "fast-check";
import { RequestQueue, sameBlock } from "./request-queue.ts";

/** Few different blocks, so that the same one is often there twice. */
const anyBlock = fc.record(
  { piece: fc.nat(2), begin: fc.nat(1), length: fc.constantFrom(1, 2) },
  { noNullPrototype: true },
);

type Step = (queue: RequestQueue, model: Block[]) => void;

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: anyBlock.map(pushing) },
  { weight: 3, arbitrary: fc.constant(shifting) },
  { weight: 2, arbitrary: anyBlock.map(removing) },
  { weight: 1, arbitrary: fc.array(anyBlock, { maxLength: 3 }).map(unshifting) },
  { weight: 1, arbitrary: fc.constant(clearing) },
);

test("RequestQueue does what an array does, whatever is done to it", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
      const queue = new RequestQueue();
      const model: Block[] = [];
      for (const step of steps) {
        step(queue, model);
        equal(queue.size, model.length);
        equal(
          queue.byteLength,
          model.reduce((sum, { length }) => sum + length, 0),
        );
      }
      deepEqual(drained(queue), model);
    }),
  );
});

/** Far more than the ring holds at once, so that it grows and goes round. */
const MANY = 5_000;

test("RequestQueue given a queue that never runs empty keeps every request and its order", () => {
  const queue = new RequestQueue();
  const model: Block[] = [];
  for (let turn = 0; turn < MANY; turn += 1) {
    for (const begin of [2 * turn, 2 * turn + 1]) pushing(blockAt(begin))(queue, model);
    if (turn % 7 === 0) removing(blockAt(turn))(queue, model);
    if (turn % 11 === 0) unshifting([blockAt(turn), blockAt(turn)])(queue, model);
    shifting(queue, model);
    equal(queue.size, model.length);
  }
  deepEqual(drained(queue), model);
});

test("RequestQueue given a cancel takes one of two equal requests away", () => {
  const queue = new RequestQueue();
  for (const begin of [1, 2, 1]) queue.push(blockAt(begin));
  equal(queue.remove(blockAt(1)), true);
  deepEqual(drained(queue), [blockAt(2), blockAt(1)]);
  equal(queue.remove(blockAt(1)), false);
});

function blockAt(begin: number): Block {
  return { piece: 0, begin, length: 1 };
}

function pushing(block: Block): Step {
  return (queue, model) => {
    queue.push(block);
    model.push(block);
  };
}

function shifting(queue: RequestQueue, model: Block[]): void {
  const block = { piece: 0, begin: 0, length: 0 };
  const first = model.shift();
  equal(queue.shift(block), first !== undefined);
  if (first !== undefined) deepEqual(block, first);
}

function removing(block: Block): Step {
  return (queue, model) => {
    const index = model.findIndex((each) => sameBlock(each, block));
    equal(queue.remove(block), index !== -1);
    if (index !== -1) model.splice(index, 1);
  };
}

function unshifting(blocks: readonly Block[]): Step {
  return (queue, model) => {
    queue.unshift(blocks);
    model.unshift(...blocks);
  };
}

function clearing(queue: RequestQueue, model: Block[]): void {
  queue.clear();
  model.length = 0;
}

function drained(queue: RequestQueue): Block[] {
  const listed = queue.list();
  const blocks: Block[] = [];
  const block = { piece: 0, begin: 0, length: 0 };
  while (queue.shift(block)) blocks.push({ ...block });
  deepEqual(listed, blocks);
  return blocks;
}
