export { encodeMessage, PIECE_HEADER_BYTES, writePieceHeader } from "./encode-message.ts";
export { encodeHandshake, HANDSHAKE_BYTES, type Handshake, HandshakeDecoder } from "./handshake.ts";
export { BLOCK_BYTES, type Block, type PeerMessage, type WireViolation } from "./message.ts";
export { utpReset } from "./utp-reset.ts";
export { WireDecoder } from "./wire-decoder.ts";
