import { type Block, MESSAGE_ID, type PeerMessage } from "./message.ts";

/** Length prefix, id, piece index and begin: what comes before the data of a `piece` message. */
export const PIECE_HEADER_BYTES = 13;

type Sendable = Exclude<PeerMessage, { readonly kind: "unknown" }>;

/** One message as it goes over the wire, its length prefix included (BEP 3). */
export function encodeMessage(message: Sendable): Uint8Array {
  switch (message.kind) {
    case "keep-alive":
      return new Uint8Array(4);
    case "choke":
    case "unchoke":
    case "interested":
    case "not-interested":
      return framed(MESSAGE_ID[message.kind], 0).bytes;
    case "have": {
      const { bytes, view } = framed(MESSAGE_ID.have, 4);
      view.setUint32(5, message.piece);
      return bytes;
    }
    case "bitfield": {
      const { bytes } = framed(MESSAGE_ID.bitfield, message.bits.length);
      bytes.set(message.bits, 5);
      return bytes;
    }
    case "request":
    case "cancel":
      return encodeBlock(message.kind, message);
    case "piece": {
      const bytes = new Uint8Array(PIECE_HEADER_BYTES + message.data.length);
      writePieceHeader(bytes, 0, { ...message, length: message.data.length });
      bytes.set(message.data, PIECE_HEADER_BYTES);
      return bytes;
    }
    case "port": {
      const { bytes, view } = framed(MESSAGE_ID.port, 2);
      view.setUint16(5, message.port);
      return bytes;
    }
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

function encodeBlock(kind: "request" | "cancel", block: Block): Uint8Array {
  const { bytes, view } = framed(MESSAGE_ID[kind], 12);
  view.setUint32(5, block.piece);
  view.setUint32(9, block.begin);
  view.setUint32(13, block.length);
  return bytes;
}

function framed(id: number, bodyLength: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(5 + bodyLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 1 + bodyLength);
  bytes[4] = id;
  return { bytes, view };
}

function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}
