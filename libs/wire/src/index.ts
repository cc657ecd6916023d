export { encodeMessage, PIECE_HEADER_BYTES, writePieceHeader } from "./encode-message.ts";
export { encodeHandshake, HANDSHAKE_BYTES, type Handshake, HandshakeDecoder } from "./handshake.ts";
export {
  BLOCK_BYTES,
  type Block,
  HASH_BYTES,
  type HashRange,
  type PeerMessage,
  type WireViolation,
} from "./message.ts";
export { type ReservedBits, reservedBits, reservedBytes } from "./reserved-bits.ts";
export { utpReset } from "./utp-reset.ts";
export { type MutableBlock, WireDecoder } from "./wire-decoder.ts";
