export { aliasInfoHashes, infoBytesNamed } from "./alias-info-hashes.ts";
export { choosePieceLengthBytes } from "./choose-piece-length.ts";
export { draftViolation } from "./draft-violation.ts";
export { type FileSpan, fileSpans } from "./file-spans.ts";
export { formatMagnet } from "./format-magnet.ts";
export type { HashRejectReason, HashRequest } from "./hash-request.ts";
export { type HashTreeShape, hashTreeShape } from "./hash-tree-shape.ts";
export { type HashAnswerPlan, type HashedMetainfo, HashTrees } from "./hash-trees.ts";
export { hashesFromPieces, type PiecesPlan } from "./hashes-from-pieces.ts";
export { type DraftFile, layoutTorrent, type TorrentLayout } from "./layout-torrent.ts";
export {
  FILES_MAX,
  HASH_REQUEST_BLOCKS_MAX,
  HASH_REQUEST_LENGTH_MAX,
  MAGNET_LENGTH_MAX,
  METAINFO_BYTES_MAX,
  PIECE_LENGTH_BYTES_MAX,
  PIECES_MAX,
  TRACKERS_MAX,
} from "./limits.ts";
export type { Magnet, MagnetPeer } from "./magnet.ts";
export { makeMetainfo } from "./make-metainfo.ts";
export {
  BLOCK_BYTES,
  BLOCK_HASH_BYTES,
  paddingRoot,
  rootOfLeaves,
  rootOfNodes,
} from "./merkle-tree.ts";
export {
  type Metainfo,
  type MetainfoFile,
  PIECE_HASH_BYTES,
  pieceHash,
  pieceLengthAt,
  type TorrentVersion,
} from "./metainfo.ts";
export type { MetainfoDraft } from "./metainfo-draft.ts";
export { metainfoFromInfo } from "./metainfo-from-info.ts";
export { parseMagnet } from "./parse-magnet.ts";
export { parseMetainfo } from "./parse-metainfo.ts";
export { parseSelection } from "./parse-selection.ts";
export { isPathElement } from "./path-element.ts";
export { pieceLayer } from "./piece-layer.ts";
export {
  type PieceProof,
  pieceProof,
  type TreeProof,
  type VerifiableMetainfo,
} from "./piece-proof.ts";
export { blockHashes, leavesPerPiece, pieceRoot, rootOfPieceRoots } from "./piece-root.ts";
export { v1Companion } from "./v1-companion.ts";
export { verifyHashes } from "./verify-hashes.ts";
export { hasRoot, verifyPiece, verifyPieceRoot } from "./verify-piece.ts";
export type { MetainfoViolation } from "./violation.ts";
export { withTrackers } from "./with-trackers.ts";
