export {
  type Bencoded,
  type BencodedEntry,
  bytesOf,
  entriesOf,
  find,
  integerOf,
  isDictionary,
  isList,
  itemsOf,
  rawOf,
  rootOf,
  textOf,
} from "./bencoded.ts";
export { choosePieceLengthBytes } from "./choose-piece-length.ts";
export { type FileSpan, fileSpans } from "./file-spans.ts";
export { formatMagnet } from "./format-magnet.ts";
export {
  FILES_MAX,
  MAGNET_LENGTH_MAX,
  METAINFO_BYTES_MAX,
  PIECE_LENGTH_BYTES_MAX,
  PIECES_MAX,
  TRACKERS_MAX,
} from "./limits.ts";
export type { Magnet, MagnetPeer } from "./magnet.ts";
export { draftViolation, type MetainfoDraft, makeMetainfo } from "./make-metainfo.ts";
export {
  type Metainfo,
  type MetainfoFile,
  PIECE_HASH_BYTES,
  pieceHash,
  pieceLengthAt,
} from "./metainfo.ts";
export { parseMagnet } from "./parse-magnet.ts";
export { parseMetainfo } from "./parse-metainfo.ts";
export { isPathElement } from "./path-element.ts";
export { type BencodeTree, scanBencode } from "./scan-bencode.ts";
export type { BencodeFault, MetainfoViolation } from "./violation.ts";
export { withTrackers } from "./with-trackers.ts";
