import {
  type Block,
  HASH_BYTES,
  type HashRange,
  MESSAGE_ID,
  type PeerMessage,
  type WireViolation,
  wrongLength,
} from "./message.ts";
import { HASH_RANGE_BYTES, isBodyLength, PIECE_FIELDS_BYTES } from "./message-length.ts";
import { uint16At, uint32At } from "./received-bytes.ts";

const CHOKE: PeerMessage = { kind: "choke" };
const UNCHOKE: PeerMessage = { kind: "unchoke" };
const INTERESTED: PeerMessage = { kind: "interested" };
const NOT_INTERESTED: PeerMessage = { kind: "not-interested" };
const HAVE_ALL: PeerMessage = { kind: "have-all" };
const HAVE_NONE: PeerMessage = { kind: "have-none" };

/**
 * The message whose id is at `at` and whose last byte is before `end`. It is read where it lies:
 * only messages that carry bytes make a view of them.
 */
export function decodeMessage(
  bytes: Uint8Array,
  at: number,
  end: number,
): PeerMessage | WireViolation {
  const id = bytes[at] ?? 0;
  const body = at + 1;
  if (!isBodyLength(id, end - body)) return wrongLength(id, end - body);
  switch (id) {
    case MESSAGE_ID.request:
      return block("request", bytes, body);
    case MESSAGE_ID.cancel:
      return block("cancel", bytes, body);
    case MESSAGE_ID["reject-request"]:
      return block("reject-request", bytes, body);
    case MESSAGE_ID.have:
      return { kind: "have", piece: uint32At(bytes, body) };
    case MESSAGE_ID["suggest-piece"]:
      return { kind: "suggest-piece", piece: uint32At(bytes, body) };
    case MESSAGE_ID["allowed-fast"]:
      return { kind: "allowed-fast", piece: uint32At(bytes, body) };
    case MESSAGE_ID.piece:
      return piece(bytes, body, end);
    case MESSAGE_ID.bitfield:
      return { kind: "bitfield", bits: bytes.subarray(body, end) };
    case MESSAGE_ID.port:
      return { kind: "port", port: uint16At(bytes, body) };
    case MESSAGE_ID.extended:
      return extended(bytes, body, end);
    case MESSAGE_ID["hash-request"]:
      return { kind: "hash-request", ...hashRange(bytes, body) };
    case MESSAGE_ID["hash-reject"]:
      return { kind: "hash-reject", ...hashRange(bytes, body) };
    case MESSAGE_ID.hashes:
      return hashes(bytes, body, end);
    default:
      return bare(id) ?? { kind: "unknown", id, length: end - body };
  }
}

/** A message that is its id and nothing else, or null. */
function bare(id: number): PeerMessage | null {
  switch (id) {
    case MESSAGE_ID.choke:
      return CHOKE;
    case MESSAGE_ID.unchoke:
      return UNCHOKE;
    case MESSAGE_ID.interested:
      return INTERESTED;
    case MESSAGE_ID["not-interested"]:
      return NOT_INTERESTED;
    case MESSAGE_ID["have-all"]:
      return HAVE_ALL;
    case MESSAGE_ID["have-none"]:
      return HAVE_NONE;
    default:
      return null;
  }
}

type BlockMessage = { readonly kind: "request" | "cancel" | "reject-request" } & Block;

function block(kind: BlockMessage["kind"], bytes: Uint8Array, at: number): BlockMessage {
  return {
    kind,
    piece: uint32At(bytes, at),
    begin: uint32At(bytes, at + 4),
    length: uint32At(bytes, at + 8),
  };
}

function piece(bytes: Uint8Array, at: number, end: number): PeerMessage {
  return {
    kind: "piece",
    piece: uint32At(bytes, at),
    begin: uint32At(bytes, at + 4),
    data: bytes.subarray(at + PIECE_FIELDS_BYTES, end),
  };
}

function extended(bytes: Uint8Array, at: number, end: number): PeerMessage {
  return { kind: "extended", extendedId: bytes[at] ?? 0, payload: bytes.subarray(at + 1, end) };
}

function hashes(bytes: Uint8Array, at: number, end: number): PeerMessage {
  const proved = bytes.subarray(at + HASH_RANGE_BYTES, end);
  return { kind: "hashes", ...hashRange(bytes, at), hashes: proved };
}

function hashRange(bytes: Uint8Array, at: number): HashRange {
  const numbers = at + HASH_BYTES;
  return {
    piecesRoot: bytes.subarray(at, numbers),
    baseLayer: uint32At(bytes, numbers),
    index: uint32At(bytes, numbers + 4),
    length: uint32At(bytes, numbers + 8),
    proofLayers: uint32At(bytes, numbers + 12),
  };
}
