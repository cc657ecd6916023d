import assert from "node:assert/strict";

/** BEP 3: a peer id is 20 bytes, of which BEP 20 spends the first few on the client's name. */
export const PEER_ID_BYTES = 20;

const PEER_ID_HEX = /^[0-9a-f]{40}$/i;

declare const peerIdBrand: unique symbol;

/**
 * What a peer claims to be: 20 bytes of its own choosing, kept as 40 lower-case hex digits because
 * they need not be text. It is a claim and not an identity: two peers may send the same one.
 */
export type PeerId = string & { readonly [peerIdBrand]: true };

/** The peer id of exactly 20 bytes, such as a handshake or an announce carries. */
export function peerIdFromBytes(bytes: Uint8Array): PeerId {
  assert.equal(bytes.length, PEER_ID_BYTES);
  return bytes.toHex() as PeerId;
}

/** Reads 40 hex digits of either case; null for any other text. */
export function parsePeerId(text: string): PeerId | null {
  return PEER_ID_HEX.test(text) ? (text.toLowerCase() as PeerId) : null;
}

/** The 20 bytes as they go on the wire; a new array each time. */
export function peerIdBytes(peerId: PeerId): Uint8Array {
  return Uint8Array.fromHex(peerId);
}
