import { INFO_HASH_BYTES, type InfoHash, infoHashFromBytes } from "./info-hash.ts";

const INFO_HASH_V2_HEX = /^[0-9a-f]{64}$/i;

declare const infoHashV2Brand: unique symbol;

/** 64 lower-case hex digits: the SHA-256 of a v2 or hybrid torrent's info dictionary (BEP 52). */
export type InfoHashV2 = string & { readonly [infoHashV2Brand]: true };

/** Reads 64 hex digits of either case; null for any other text. */
export function parseInfoHashV2(text: string): InfoHashV2 | null {
  return INFO_HASH_V2_HEX.test(text) ? (text.toLowerCase() as InfoHashV2) : null;
}

/** The first 20 bytes, which is all that handshakes and announces have room for (BEP 52). */
export function truncatedInfoHash(infoHashV2: InfoHashV2): InfoHash {
  return infoHashFromBytes(Uint8Array.fromHex(infoHashV2).subarray(0, INFO_HASH_BYTES));
}
