import {
  type InfoHash,
  infoHashBytes,
  infoHashFromBytes,
  type PeerId,
  peerIdBytes,
  peerIdFromBytes,
} from "@seedfleet/bytes";
import type { WireViolation } from "./message.ts";
import { ReceivedBytes } from "./received-bytes.ts";

/** 1 + 19 bytes of protocol name, 8 reserved, 20 of info hash, 20 of peer id (BEP 3). */
export const HANDSHAKE_BYTES = 68;

const PROTOCOL = Uint8Array.from([19, ...new TextEncoder().encode("BitTorrent protocol")]);
const RESERVED_AT = 20;
const INFO_HASH_AT = 28;
const PEER_ID_AT = 48;

/** The first thing each side of a connection says. */
export type Handshake = {
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  /** Eight bytes whose bits name the extensions a side speaks. */
  readonly reserved: Uint8Array;
};

export function encodeHandshake({ infoHash, peerId, reserved }: Handshake): Uint8Array {
  const bytes = new Uint8Array(HANDSHAKE_BYTES);
  bytes.set(PROTOCOL, 0);
  bytes.set(reserved, RESERVED_AT);
  bytes.set(infoHashBytes(infoHash), INFO_HASH_AT);
  bytes.set(peerIdBytes(peerId), PEER_ID_AT);
  return bytes;
}

/**
 * Waits for a peer's handshake, however the network cut it. A wrong protocol name is noticed at
 * its first wrong byte, so that a stranger's bytes are never kept.
 */
export class HandshakeDecoder {
  readonly #received = new ReceivedBytes();

  push(bytes: Uint8Array): void {
    this.#received.append(bytes);
  }

  /** The handshake, a violation that must end the connection, or null until more bytes come. */
  next(): Handshake | WireViolation | null {
    const length = Math.min(this.#received.byteLength, HANDSHAKE_BYTES);
    const bytes = this.#received.peek(length);
    for (let index = 0; index < Math.min(length, PROTOCOL.length); index += 1) {
      if (bytes[index] !== PROTOCOL[index]) {
        return { kind: "violation", code: "handshake-protocol" };
      }
    }
    if (length < HANDSHAKE_BYTES) return null;
    this.#received.drop(HANDSHAKE_BYTES);
    return {
      reserved: new Uint8Array(bytes.subarray(RESERVED_AT, INFO_HASH_AT)),
      infoHash: infoHashFromBytes(bytes.subarray(INFO_HASH_AT, PEER_ID_AT)),
      peerId: peerIdFromBytes(bytes.subarray(PEER_ID_AT, HANDSHAKE_BYTES)),
    };
  }

  /** What came after the handshake, for the `WireDecoder`. */
  takeRest(): Uint8Array {
    return this.#received.takeAll();
  }
}
