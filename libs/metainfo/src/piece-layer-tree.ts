import assert from "node:assert/strict";
import type { HashTreeShape } from "./hash-tree-shape.ts";
import { BLOCK_HASH_BYTES, nodeOfRow, rootOfNodes } from "./merkle-tree.ts";

/** Every fourth layer is kept, so any node is at most seven hashes away from what is there. */
const LAYERS_A_ROW = 4;
const NODES_A_ROOT: number = 2 ** LAYERS_A_ROW;

/**
 * The part of a file's tree (BEP 52) that follows from its piece layer. As a proof goes across the
 * whole tree, every fourth layer is kept: some two bytes a piece, where the layer itself takes 32.
 * A long file's are hashed a share at a time, so that no call takes long.
 */
export class PieceLayerTree {
  readonly #shape: HashTreeShape;
  /** The piece layer, and every fourth layer above it. */
  readonly #rows: Uint8Array[];
  readonly #hashing: Iterator<void>;

  /** The layer's bytes are read whenever a node is, so they must stay as they are. */
  constructor(layer: Uint8Array, shape: HashTreeShape) {
    this.#shape = shape;
    this.#rows = [layer];
    this.#hashing = this.#hashRows();
  }

  /** Hashes so many more of the nodes that are kept; whether they are all there. */
  advance(nodesMax: number): boolean {
    for (let node = 0; node < nodesMax; node += 1) {
      if (this.#hashing.next().done) return true;
    }
    return false;
  }

  /** A node from the piece layer up to below the root, once `advance()` said that all is there. */
  node(layer: number, index: number): Uint8Array {
    const above = layer - this.#shape.pieceLayer;
    const from = above % LAYERS_A_ROW;
    const row = this.#rows[(above - from) / LAYERS_A_ROW];
    assert(row !== undefined);
    if (from === 0) return nodeOfRow(row, index, layer);
    const width = 2 ** from;
    const start = index * width * BLOCK_HASH_BYTES;
    const nodes = row.subarray(start, start + width * BLOCK_HASH_BYTES);
    return rootOfNodes(nodes, { width, height: layer - from });
  }

  *#hashRows(): Generator<void> {
    const { pieceLayer, height } = this.#shape;
    for (let layer = pieceLayer; layer + LAYERS_A_ROW < height; layer += LAYERS_A_ROW) {
      const row = this.#rows.at(-1);
      assert(row !== undefined);
      const step = NODES_A_ROOT * BLOCK_HASH_BYTES;
      const above = new Uint8Array(Math.ceil(row.length / step) * BLOCK_HASH_BYTES);
      for (let start = 0; start < row.length; start += step) {
        const nodes = row.subarray(start, start + step);
        const root = rootOfNodes(nodes, { width: NODES_A_ROOT, height: layer });
        above.set(root, start / NODES_A_ROOT);
        yield;
      }
      this.#rows.push(above);
    }
  }
}
