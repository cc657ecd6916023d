import assert from "node:assert/strict";
import { hash } from "node:crypto";

export const NODE_BYTES = 32;

/** Roots of trees without any leaf, by their height; as latin1 text, like every node here. */
const paddingRoots: string[] = ["\0".repeat(NODE_BYTES)];

/**
 * The root of a tree of SHA-256 (BEP 52) whose leaves come one after the other. Holds two nodes of
 * each height, however many leaves there are.
 *
 * Nodes are latin1 text, one character a byte: Node gives a digest as text in a third of the time
 * it takes to give a Buffer, which for 64 bytes is most of the work.
 */
export class MerkleRoot {
  /** By height: room for two siblings. */
  readonly #pairs: Buffer[] = [];
  #leafCount = 0;

  get leafCount(): number {
    return this.#leafCount;
  }

  push(leaf: string): void {
    let node = leaf;
    let height = 0;
    for (let index = this.#leafCount; index % 2 === 1; index = (index - 1) / 2) {
      node = this.#parent(height, node);
      height += 1;
    }
    this.#pairAt(height).write(node, 0, "latin1");
    this.#leafCount += 1;
  }

  /** The root at a height that has room for all leaves; absent ones are zeros. Then begins anew. */
  take(height: number): string {
    const leafCount = this.#leafCount;
    assert(leafCount > 0 && leafCount <= 2 ** height);
    this.#leafCount = 0;
    /** The tree on the right edge that has leaves missing. */
    let edge: string | null = null;
    for (let at = 0; at < height; at += 1) {
      const hasLeft = Math.floor(leafCount / 2 ** at) % 2 === 1;
      if (hasLeft) edge = this.#parent(at, edge ?? paddingRoot(at));
      else if (edge !== null) {
        this.#pairAt(at).write(edge, 0, "latin1");
        edge = this.#parent(at, paddingRoot(at));
      }
    }
    return edge ?? this.#pairAt(height).toString("latin1", 0, NODE_BYTES);
  }

  /** The parent of the left node that is there and this right one. */
  #parent(height: number, right: string): string {
    const pair = this.#pairAt(height);
    pair.write(right, NODE_BYTES, "latin1");
    return hash("sha256", pair, "latin1");
  }

  #pairAt(height: number): Buffer {
    let pair = this.#pairs[height];
    if (pair === undefined) {
      pair = Buffer.alloc(2 * NODE_BYTES);
      this.#pairs[height] = pair;
    }
    return pair;
  }
}

function paddingRoot(height: number): string {
  for (let known = paddingRoots.length; known <= height; known += 1) {
    const below = paddingRoots[known - 1] ?? "";
    paddingRoots.push(hash("sha256", Buffer.from(below + below, "latin1"), "latin1"));
  }
  return paddingRoots[height] ?? "";
}
