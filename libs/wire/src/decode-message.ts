import { MESSAGE_ID, type PeerMessage, type WireViolation, wrongLength } from "./message.ts";
import { uint32At } from "./received-bytes.ts";

const CHOKE: PeerMessage = { kind: "choke" };
const UNCHOKE: PeerMessage = { kind: "unchoke" };
const INTERESTED: PeerMessage = { kind: "interested" };
const NOT_INTERESTED: PeerMessage = { kind: "not-interested" };

/** The message that begins with its id at `at` and ends where `bytes` end (BEP 3). */
export function decodeMessage(bytes: Uint8Array, at: number): PeerMessage | WireViolation {
  const id = bytes[at] ?? 0;
  const body = at + 1;
  const length = bytes.length - body;
  switch (id) {
    case MESSAGE_ID.request:
      return length === 12 ? block("request", bytes, body) : wrongLength(id, length);
    case MESSAGE_ID.have:
      return length === 4
        ? { kind: "have", piece: uint32At(bytes, body) }
        : wrongLength(id, length);
    case MESSAGE_ID.piece:
      return length >= 8 ? piece(bytes, body) : wrongLength(id, length);
    case MESSAGE_ID.choke:
      return length === 0 ? CHOKE : wrongLength(id, length);
    case MESSAGE_ID.unchoke:
      return length === 0 ? UNCHOKE : wrongLength(id, length);
    case MESSAGE_ID.interested:
      return length === 0 ? INTERESTED : wrongLength(id, length);
    case MESSAGE_ID["not-interested"]:
      return length === 0 ? NOT_INTERESTED : wrongLength(id, length);
    case MESSAGE_ID.bitfield:
      return { kind: "bitfield", bits: bytes.subarray(body) };
    case MESSAGE_ID.cancel:
      return length === 12 ? block("cancel", bytes, body) : wrongLength(id, length);
    case MESSAGE_ID.port:
      return length === 2 ? port(bytes, body) : wrongLength(id, length);
    default:
      return { kind: "unknown", id, length };
  }
}

function block(kind: "request" | "cancel", bytes: Uint8Array, at: number): PeerMessage {
  return {
    kind,
    piece: uint32At(bytes, at),
    begin: uint32At(bytes, at + 4),
    length: uint32At(bytes, at + 8),
  };
}

function piece(bytes: Uint8Array, at: number): PeerMessage {
  return {
    kind: "piece",
    piece: uint32At(bytes, at),
    begin: uint32At(bytes, at + 4),
    data: bytes.subarray(at + 8),
  };
}

function port(bytes: Uint8Array, at: number): PeerMessage {
  return { kind: "port", port: ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0) };
}
