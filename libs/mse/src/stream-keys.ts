import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { INFO_HASH_BYTES } from "@seedfleet/bytes";
import { Rc4 } from "./rc4.ts";

/** How the key streams of RC4 begin tells of the key, so both sides pass over this much. */
const DISCARDED_BYTES = 1_024;

/** The ciphers of one connection, by who sends. */
export type StreamCiphers = {
  readonly fromInitiator: Rc4;
  readonly fromReceiver: Rc4;
};

/**
 * What a receiver learns of the torrent that an initiator means: the info hash cannot be had back
 * from it, only looked up among those one knows.
 */
export function obfuscatedHash(infoHash: Uint8Array): Uint8Array {
  assert.equal(infoHash.length, INFO_HASH_BYTES);
  return sha1("req2", infoHash);
}

/** The mark behind padding of unknown length: only who knows the secret can make or find it. */
export function syncHash(secret: Uint8Array): Uint8Array {
  return sha1("req1", secret);
}

/** Hides an obfuscated hash from who does not know the secret; shows it when applied again. */
export function maskedHash(hash: Uint8Array, secret: Uint8Array): Uint8Array {
  const mask = sha1("req3", secret);
  return hash.map((byte, index) => byte ^ (mask[index] ?? 0));
}

/** Who does not know both the secret and the info hash cannot make these. */
export function streamCiphers(secret: Uint8Array, infoHash: Uint8Array): StreamCiphers {
  assert.equal(infoHash.length, INFO_HASH_BYTES);
  return {
    fromInitiator: streamCipher(sha1("keyA", secret, infoHash)),
    fromReceiver: streamCipher(sha1("keyB", secret, infoHash)),
  };
}

function streamCipher(key: Uint8Array): Rc4 {
  const cipher = new Rc4(key);
  cipher.discard(DISCARDED_BYTES);
  return cipher;
}

function sha1(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha1").update(label);
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
