import assert from "node:assert/strict";
import { type Block, HASH_BYTES, type HashRange, MESSAGE_ID, type PeerMessage } from "./message.ts";
import { BLOCK_FIELDS_BYTES, HASH_RANGE_BYTES } from "./message-length.ts";

/** Length prefix, id, piece index and begin: what comes before the data of a `piece` message. */
export const PIECE_HEADER_BYTES = 13;

/** Where the body begins, behind length prefix and id. */
const BODY_AT = 5;

const NO_HASHES = new Uint8Array();

type Sendable = Exclude<PeerMessage, { readonly kind: "unknown" }>;

/** One message as it goes over the wire, its length prefix included (BEP 3, 5, 6, 10, 52). */
export function encodeMessage(message: Sendable): Uint8Array {
  switch (message.kind) {
    case "keep-alive":
      return new Uint8Array(4);
    case "choke":
    case "unchoke":
    case "interested":
    case "not-interested":
    case "have-all":
    case "have-none":
      return framed(MESSAGE_ID[message.kind], 0);
    case "have":
    case "suggest-piece":
    case "allowed-fast": {
      const bytes = framed(MESSAGE_ID[message.kind], 4);
      writeUint32(bytes, BODY_AT, message.piece);
      return bytes;
    }
    case "bitfield": {
      const bytes = framed(MESSAGE_ID.bitfield, message.bits.length);
      bytes.set(message.bits, BODY_AT);
      return bytes;
    }
    case "request":
    case "cancel":
    case "reject-request":
      return encodeBlock(MESSAGE_ID[message.kind], message);
    case "piece": {
      const bytes = new Uint8Array(PIECE_HEADER_BYTES + message.data.length);
      writePieceHeader(bytes, 0, { ...message, length: message.data.length });
      bytes.set(message.data, PIECE_HEADER_BYTES);
      return bytes;
    }
    case "port": {
      const bytes = framed(MESSAGE_ID.port, 2);
      bytes[BODY_AT] = message.port >>> 8;
      bytes[BODY_AT + 1] = message.port;
      return bytes;
    }
    case "extended":
      return encodeExtended(message.extendedId, message.payload);
    case "hash-request":
    case "hash-reject":
      return encodeHashes(MESSAGE_ID[message.kind], message, NO_HASHES);
    case "hashes":
      return encodeHashes(MESSAGE_ID.hashes, message, message.hashes);
  }
}

/**
 * Writes the header of a `piece` message at `at`; the block's data follows it on the wire. For the
 * block path, where the data is a slice of a cached piece and is never copied.
 */
export function writePieceHeader(target: Uint8Array, at: number, block: Block): void {
  writeUint32(target, at, PIECE_HEADER_BYTES - 4 + block.length);
  target[at + 4] = MESSAGE_ID.piece;
  writeUint32(target, at + 5, block.piece);
  writeUint32(target, at + 9, block.begin);
}

function encodeBlock(id: number, block: Block): Uint8Array {
  const bytes = framed(id, BLOCK_FIELDS_BYTES);
  writeUint32(bytes, BODY_AT, block.piece);
  writeUint32(bytes, BODY_AT + 4, block.begin);
  writeUint32(bytes, BODY_AT + 8, block.length);
  return bytes;
}

function encodeExtended(extendedId: number, payload: Uint8Array): Uint8Array {
  assert(extendedId >= 0 && extendedId <= 0xff);
  const bytes = framed(MESSAGE_ID.extended, 1 + payload.length);
  bytes[BODY_AT] = extendedId;
  bytes.set(payload, BODY_AT + 1);
  return bytes;
}

function encodeHashes(id: number, range: HashRange, hashes: Uint8Array): Uint8Array {
  assert.equal(range.piecesRoot.length, HASH_BYTES);
  assert.equal(hashes.length % HASH_BYTES, 0);
  const bytes = framed(id, HASH_RANGE_BYTES + hashes.length);
  const numbers = BODY_AT + HASH_BYTES;
  bytes.set(range.piecesRoot, BODY_AT);
  writeUint32(bytes, numbers, range.baseLayer);
  writeUint32(bytes, numbers + 4, range.index);
  writeUint32(bytes, numbers + 8, range.length);
  writeUint32(bytes, numbers + 12, range.proofLayers);
  bytes.set(hashes, BODY_AT + HASH_RANGE_BYTES);
  return bytes;
}

function framed(id: number, bodyLength: number): Uint8Array {
  const bytes = new Uint8Array(BODY_AT + bodyLength);
  writeUint32(bytes, 0, 1 + bodyLength);
  bytes[4] = id;
  return bytes;
}

/** Not by a `DataView`, which would take the bytes of a short message off the heap. */
function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}
