import {
  type HashRejectReason,
  type HashRequest,
  hashRequestFault,
  subtreeHeight,
  uncleCount,
} from "./hash-request.ts";
import { type HashTreeShape, hashTreeShape, nodesInLayer } from "./hash-tree-shape.ts";
import type { PiecesPlan } from "./hashes-from-pieces.ts";
import { HASHED_NODES_PER_CALL_MAX } from "./limits.ts";
import { BLOCK_HASH_BYTES } from "./merkle-tree.ts";
import type { Metainfo, MetainfoFile } from "./metainfo.ts";
import { pieceLayer } from "./piece-layer.ts";
import { PieceLayerTree } from "./piece-layer-tree.ts";

/** What of a metainfo hash requests are answered from. */
export type HashedMetainfo = Pick<Metainfo, "files" | "pieceLengthBytes" | "pieceRoots">;

/** What to do about a hash request. */
export type HashAnswerPlan =
  | { readonly kind: "hash-reject"; readonly reason: HashRejectReason }
  /**
   * No answer, though BEP 52 asks for one: libtorrent 2.0 asks for block hashes that there can not
   * be, and ends with a segmentation fault when they are rejected. It asks again by itself.
   */
  | { readonly kind: "silence"; readonly reason: HashRejectReason }
  /** The hashes and their proof, 32 bytes one after the other, as the message ends with them. */
  | { readonly kind: "hashes"; readonly hashes: Uint8Array }
  /** It takes `hashesFromPieces()`, with pieces that are read. */
  | PiecesPlan
  /** The file is long, and this call has done its share of hashing for it: ask again later. */
  | { readonly kind: "needs-another-call" };

/** A file's tree, as far as it is known from the metainfo. */
type FileTree = {
  readonly file: MetainfoFile;
  readonly shape: HashTreeShape;
  readonly layers: PieceLayerTree;
};

/**
 * Answers hash requests (BEP 52) for the files of one torrent: from its metainfo where that has the
 * hashes, the piece layer and all above, else from the bytes of the pieces that they cover.
 *
 * No call takes more than some milliseconds. What is hashed on the way is kept, a fifteenth of what
 * the metainfo has itself; so this is made when a peer first asks, and goes when the torrent does.
 */
export class HashTrees {
  readonly #metainfo: HashedMetainfo;
  /** By pieces root. Of files with the same bytes, which have the same tree, it is one. */
  readonly #files = new Map<string, MetainfoFile>();
  readonly #trees = new Map<MetainfoFile, FileTree>();

  constructor(metainfo: HashedMetainfo) {
    this.#metainfo = metainfo;
    for (const file of metainfo.files) {
      if (file.piecesRoot !== null) this.#files.set(keyOf(file.piecesRoot), file);
    }
  }

  /** Any numbers may be asked for. The length of `piecesRoot` may be wrong too. */
  plan(request: HashRequest): HashAnswerPlan {
    const file = this.#files.get(keyOf(request.piecesRoot));
    if (file === undefined) return { kind: "hash-reject", reason: "pieces-root-unknown" };
    const { pieceLengthBytes } = this.#metainfo;
    const shape = hashTreeShape(file.lengthBytes, pieceLengthBytes);
    const asksForBlocks = request.baseLayer === 0 && shape.pieceLayer > 0;
    const refusal = asksForBlocks ? "silence" : "hash-reject";
    const reason = hashRequestFault(request, shape);
    if (reason !== null) return { kind: refusal, reason };

    const tree = this.#treeOf(file, shape);
    if (tree === null) return { kind: refusal, reason: "piece-layer-unknown" };
    if (!tree.layers.advance(HASHED_NODES_PER_CALL_MAX)) return { kind: "needs-another-call" };
    if (request.baseLayer < shape.pieceLayer) return planPieces(request, tree, pieceLengthBytes);
    return { kind: "hashes", hashes: hashesFromLayers(request, tree) };
  }

  #treeOf(file: MetainfoFile, shape: HashTreeShape): FileTree | null {
    const known = this.#trees.get(file);
    if (known !== undefined) return known;
    // The layer of a file that is no longer than a piece is its root, which needs no piece layers.
    const isOnePiece = shape.pieceLayer === shape.height;
    const layer = isOnePiece ? file.piecesRoot : pieceLayer(this.#metainfo, file);
    if (layer === null) return null;
    const tree = { file, shape, layers: new PieceLayerTree(layer, shape) };
    this.#trees.set(file, tree);
    return tree;
  }
}

function hashesFromLayers(request: HashRequest, { layers }: FileTree): Uint8Array {
  const { baseLayer, index, length } = request;
  const count = length + uncleCount(request);
  const hashes = new Uint8Array(count * BLOCK_HASH_BYTES);
  for (let node = 0; node < length; node += 1) {
    hashes.set(layers.node(baseLayer, index + node), node * BLOCK_HASH_BYTES);
  }
  hashes.set(unclesFrom(baseLayer, request, layers), length * BLOCK_HASH_BYTES);
  return hashes;
}

function planPieces(
  request: HashRequest,
  { file, shape, layers }: FileTree,
  pieceLengthBytes: number,
): PiecesPlan {
  const { baseLayer, index, length } = request;
  const nodesAPiece = 2 ** (shape.pieceLayer - baseLayer);
  const first = Math.floor(index / nodesAPiece);
  const end = Math.min(
    Math.ceil((index + length) / nodesAPiece),
    nodesInLayer(shape, shape.pieceLayer),
  );
  const firstOfFile = file.offsetBytes / pieceLengthBytes;
  return {
    kind: "needs-pieces",
    pieces: Array.from({ length: end - first }, (_, piece) => firstOfFile + first + piece),
    lastPieceBytes: Math.min(pieceLengthBytes, file.lengthBytes - (end - 1) * pieceLengthBytes),
    pieceLayer: shape.pieceLayer,
    request,
    uncles: unclesFrom(shape.pieceLayer, request, layers),
  };
}

/** The uncle hashes of a request that are in no layer below this one. */
function unclesFrom(layer: number, request: HashRequest, layers: PieceLayerTree): Uint8Array {
  const { baseLayer, index, length } = request;
  const first = baseLayer + subtreeHeight(length);
  const end = first + uncleCount(request);
  const from = Math.max(first, layer);
  const uncles = new Uint8Array(Math.max(0, end - from) * BLOCK_HASH_BYTES);
  for (let at = from; at < end; at += 1) {
    const ancestor = Math.floor(index / 2 ** (at - baseLayer));
    uncles.set(layers.node(at, ancestor ^ 1), (at - from) * BLOCK_HASH_BYTES);
  }
  return uncles;
}

function keyOf(root: Uint8Array): string {
  return Buffer.from(root.buffer, root.byteOffset, root.byteLength).toString("latin1");
}
