import { equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { MerkleRoot } from "./merkle-root.ts";
import { naiveRoot } from "./testing.ts";

const leaf = (index: number): Buffer => createHash("sha256").update(`leaf ${index}`).digest();

test("MerkleRoot gives the root of every tree of up to 64 leaves, one after the other", () => {
  const tree = new MerkleRoot();
  for (let height = 0; height <= 6; height += 1) {
    for (let count = 1; count <= 2 ** height; count += 1) {
      const leaves = Array.from({ length: count }, (_, index) => leaf(index));
      for (const each of leaves) tree.push(each.toString("latin1"));
      equal(tree.leafCount, count);
      const root = Buffer.from(tree.take(height), "latin1").toHex();
      equal(root, naiveRoot(leaves, 2 ** height).toHex(), `${count} leaves, height ${height}`);
    }
  }
});

test("MerkleRoot gives one leaf as the root of its own tree", () => {
  const tree = new MerkleRoot();
  tree.push(leaf(1).toString("latin1"));
  equal(tree.take(0), leaf(1).toString("latin1"));
});
