import { hash } from "node:crypto";
import { type HashRequest, hashRequestFault, subtreeHeight, uncleCount } from "./hash-request.ts";
import { type HashTreeShape, nodesInLayer } from "./hash-tree-shape.ts";
import { BLOCK_HASH_BYTES, paddingRoot, rootOfNodes } from "./merkle-tree.ts";

/**
 * Whether the answer to a hash request is right: the hashes and their proof lead to the file's
 * pieces root, and those beyond the end of the file are padding (BEP 52). A request that asks for
 * less proof than leads to the root can not be verified so, whatever comes.
 */
export function verifyHashes(
  request: HashRequest,
  hashes: Uint8Array,
  shape: HashTreeShape,
): boolean {
  if (hashRequestFault(request, shape) !== null) return false;
  const { piecesRoot, baseLayer, index, length } = request;
  const uncles = uncleCount(request);
  if (baseLayer + subtreeHeight(length) + uncles !== shape.height) return false;
  if (hashes.length !== (length + uncles) * BLOCK_HASH_BYTES) return false;

  const proof = length * BLOCK_HASH_BYTES;
  const own = Math.min(length, nodesInLayer(shape, baseLayer) - index) * BLOCK_HASH_BYTES;
  for (let at = own; at < proof; at += BLOCK_HASH_BYTES) {
    if (!isSame(hashAt(hashes, at), paddingRoot(baseLayer))) return false;
  }
  const width = 2 ** subtreeHeight(length);
  let node = rootOfNodes(hashes.subarray(0, own), { width, height: baseLayer });
  let ancestor = index / width;
  for (let at = proof; at < hashes.length; at += BLOCK_HASH_BYTES) {
    const uncle = hashAt(hashes, at);
    const pair = ancestor % 2 === 0 ? [node, uncle] : [uncle, node];
    node = hash("sha256", Buffer.concat(pair), "buffer");
    ancestor = Math.floor(ancestor / 2);
  }
  return isSame(node, piecesRoot);
}

function hashAt(hashes: Uint8Array, start: number): Uint8Array {
  return hashes.subarray(start, start + BLOCK_HASH_BYTES);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
