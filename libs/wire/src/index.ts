export { type AllowedFastRequest, allowedFast } from "./allowed-fast.ts";
export {
  type DontHaveMessage,
  decodeDontHaveMessage,
  encodeDontHaveMessage,
} from "./dont-have-message.ts";
export { encodeMessage, PIECE_HEADER_BYTES, writePieceHeader } from "./encode-message.ts";
export {
  CLIENT_NAME_LENGTH_MAX,
  decodeExtensionHandshake,
  EXTENSION_HANDSHAKE_BYTES_MAX,
  EXTENSION_HANDSHAKE_ID,
  type ExtensionHandshake,
  type ExtensionMessageIds,
  encodeExtensionHandshake,
} from "./extension-handshake.ts";
export { encodeHandshake, HANDSHAKE_BYTES, type Handshake, HandshakeDecoder } from "./handshake.ts";
export {
  BLOCK_BYTES,
  type Block,
  HASH_BYTES,
  type HashRange,
  type PeerMessage,
  type WireViolation,
} from "./message.ts";
export {
  decodeMetadataMessage,
  encodeMetadataMessage,
  METADATA_MESSAGE_BYTES_MAX,
  METADATA_PIECE_BYTES,
  type MetadataMessage,
} from "./metadata-message.ts";
export type { PexFlags } from "./pex-flags.ts";
export {
  decodePexMessage,
  encodePexMessage,
  PEX_MESSAGE_BYTES_MAX,
  PEX_PEERS_MAX,
  type PexAddress,
  type PexMessage,
  type PexPeer,
} from "./pex-message.ts";
export type { ExtensionCode, ExtensionViolation } from "./read-extension.ts";
export { type ReservedBits, reservedBits, reservedBytes } from "./reserved-bits.ts";
export { utpReset } from "./utp-reset.ts";
export { type MutableBlock, WireDecoder } from "./wire-decoder.ts";
