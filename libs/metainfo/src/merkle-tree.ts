import assert from "node:assert/strict";
import { hash } from "node:crypto";

/** What one leaf of a file's tree covers (BEP 52), and what peers request at a time. */
export const BLOCK_BYTES: number = 16 * 1024;

/** The length of a SHA-256, of which every node of a tree is one. */
export const BLOCK_HASH_BYTES = 32;

/** Roots of trees in which no leaf is there, by their height; no file has one higher than 30. */
const paddingRoots: Uint8Array[] = [new Uint8Array(BLOCK_HASH_BYTES)];

/** The root of a tree of 2^height leaves that all lie beyond the end of a file (BEP 52); a view. */
export function paddingRoot(height: number): Uint8Array {
  for (let known = paddingRoots.length; known <= height; known += 1) {
    const below = paddingRoots[known - 1];
    assert(below !== undefined);
    paddingRoots.push(hash("sha256", Buffer.concat([below, below]), "buffer"));
  }
  const root = paddingRoots[height];
  assert(root !== undefined);
  return root;
}

/**
 * The root of a tree with room for `leafCount` leaves, a power of two, of which the first ones are
 * given, one SHA-256 after the other; those that are not given are zeros. What is given stays as it
 * is, and the root is a new array.
 */
export function rootOfLeaves(leaves: Uint8Array, leafCount: number): Uint8Array {
  return rootOfNodes(leaves, { width: leafCount, height: 0 });
}

/**
 * The root above a row of `width` nodes, a power of two, each the root of a tree of the given
 * height. The nodes that are not given cover nothing, so there are hashes of zeros in their place.
 */
export function rootOfNodes(
  nodes: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): Uint8Array {
  assert(isPowerOfTwo(width));
  assert(nodes.length % BLOCK_HASH_BYTES === 0);
  let count = nodes.length / BLOCK_HASH_BYTES;
  assert(count <= width);
  if (count === 0) return Uint8Array.from(paddingRoot(height + Math.log2(width)));

  const row = withRoom(nodes);
  for (let left = width, above = height; left > 1; left /= 2, above += 1) {
    count = climb(row, count, above);
  }
  return Uint8Array.from(row.subarray(0, BLOCK_HASH_BYTES));
}

/** The row above one or more nodes, each the root of a tree of the given height. */
export function parentsOf(nodes: Uint8Array, height: number): Uint8Array {
  assert(nodes.length > 0 && nodes.length % BLOCK_HASH_BYTES === 0);
  const row = withRoom(nodes);
  const count = climb(row, nodes.length / BLOCK_HASH_BYTES, height);
  return Uint8Array.from(row.subarray(0, count * BLOCK_HASH_BYTES));
}

/** A node of a row, each the root of a tree of the given height; beyond the row's end, padding. */
export function nodeOfRow(row: Uint8Array, node: number, height: number): Uint8Array {
  const start = node * BLOCK_HASH_BYTES;
  return start < row.length ? row.subarray(start, start + BLOCK_HASH_BYTES) : paddingRoot(height);
}

/** A copy to climb in, with one node of room more, for the padding beside an odd last one. */
function withRoom(nodes: Uint8Array): Buffer {
  const row = Buffer.alloc(nodes.length + BLOCK_HASH_BYTES);
  row.set(nodes);
  return row;
}

/**
 * Puts the parents of a row's nodes where the first of them are, and says how many they are: a
 * parent takes the place of nodes that were read already, so that one row is all it takes.
 */
function climb(row: Buffer, count: number, height: number): number {
  if (count % 2 === 1) row.set(paddingRoot(height), count * BLOCK_HASH_BYTES);
  // As latin1 text, a character a byte, a digest comes in a third of the time of a Buffer.
  for (let node = 0; node < count; node += 2) {
    const start = node * BLOCK_HASH_BYTES;
    const pair = row.subarray(start, start + 2 * BLOCK_HASH_BYTES);
    row.write(hash("sha256", pair, "latin1"), start / 2, "latin1");
  }
  return Math.ceil(count / 2);
}

export function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && Number.isInteger(Math.log2(value));
}

/** The least power of two that is no less; 1 for 0. */
export function powerOfTwoFrom(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}
