import assert from "node:assert/strict";

/** A SHA-1 info hash is 20 bytes (BEP 3); on the wire a v2 hash is cut to as many (BEP 52). */
export const INFO_HASH_BYTES = 20;

const INFO_HASH_HEX = /^[0-9a-f]{40}$/i;

declare const infoHashBrand: unique symbol;

/**
 * The name of a torrent: 40 lower-case hex digits, so that equal hashes are equal strings and an
 * info hash may be a map key, a subject token or a log field as it is. Only the functions of this
 * file make one.
 */
export type InfoHash = string & { readonly [infoHashBrand]: true };

/** The info hash of exactly 20 bytes, such as a handshake or an announce carries. */
export function infoHashFromBytes(bytes: Uint8Array): InfoHash {
  assert.equal(bytes.length, INFO_HASH_BYTES);
  return bytes.toHex() as InfoHash;
}

/** Reads 40 hex digits of either case; null for any other text. */
export function parseInfoHash(text: string): InfoHash | null {
  return INFO_HASH_HEX.test(text) ? (text.toLowerCase() as InfoHash) : null;
}

/** The 20 bytes as they go on the wire; a new array each time. */
export function infoHashBytes(infoHash: InfoHash): Uint8Array {
  return Uint8Array.fromHex(infoHash);
}
