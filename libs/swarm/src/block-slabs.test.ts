import { equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BlockSlabs, NO_OWNER } from "./block-slabs.ts";

const BLOCK_WORDS = Int32Array.of(3, 1_000, 5_461, 8_192, 20_000);

test("BlockSlabs gives the slabs that one size leaves to another", () => {
  const slabs = new BlockSlabs(BLOCK_WORDS);
  const small = Array.from({ length: 64 }, (_, owner) => slabs.allocate(1, owner));
  const before = slabs.bytes;
  for (let each = small.length - 1; each >= 0; each -= 1) slabs.free(small[each] ?? 0);
  slabs.allocate(3, 1);
  slabs.allocate(2, 2);
  equal(slabs.bytes, before);
});

test("BlockSlabs keeps what is in a block, wherever it moves", () => {
  const step = fc.record({
    sizeClass: fc.nat({ max: BLOCK_WORDS.length - 1 }),
    frees: fc.boolean(),
    which: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const slabs = new BlockSlabs(BLOCK_WORDS);
      const blocks = new Map<number, number>();
      let owners = 0;
      for (const { sizeClass, frees, which } of steps) {
        if (frees && blocks.size > 0) {
          const [owner, block] = [...blocks][which % blocks.size] ?? [0, 0];
          blocks.delete(owner);
          const moved = slabs.free(block);
          if (moved !== NO_OWNER) blocks.set(moved, block);
        } else {
          owners += 1;
          const block = slabs.allocate(sizeClass, owners);
          const last = slabs.start(block) + (BLOCK_WORDS[sizeClass] ?? 0) - 1;
          slabs.slab(block)[last] = -owners;
          blocks.set(owners, block);
        }
        equal(new Set(blocks.values()).size, blocks.size);
        for (const [owner, block] of blocks) {
          const words = slabs.slab(block);
          const start = slabs.start(block);
          equal(words[start], owner);
          equal(words[start + (BLOCK_WORDS[BlockSlabs.classOf(block)] ?? 0) - 1], -owner);
        }
      }
    }),
  );
});
