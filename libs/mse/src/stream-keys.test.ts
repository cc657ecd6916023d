import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { publicKeyOf, sharedSecret } from "./key-exchange.ts";
import { maskedHash, obfuscatedHash, streamCiphers, syncHash } from "./stream-keys.ts";
import { INFO_HASH } from "./testing.ts";

const one = Uint8Array.from({ length: 20 }, (_, index) => index + 1);
const other = one.map((byte) => byte + 100);
const secret = sharedSecret(one, publicKeyOf(other)) ?? new Uint8Array(0);

/** The hashes were reckoned by another program. */
test("obfuscatedHash() is the SHA-1 of req2 and the info hash", () => {
  equal(obfuscatedHash(INFO_HASH).toHex(), "134746df78780fa6dc849045abdcbf57540d4879");
});

test("syncHash() is the SHA-1 of req1 and the secret", () => {
  equal(syncHash(secret).toHex(), "78fffb0f23055a793ff7609f359e04e383ec3505");
});

test("maskedHash() adds the SHA-1 of req3 and the secret, and takes it away again", () => {
  const zeros = new Uint8Array(20);
  equal(maskedHash(zeros, secret).toHex(), "3b47152f695ef0d8d12be9fba7fd92922faf45e8");
  deepEqual(maskedHash(maskedHash(INFO_HASH, secret), secret), INFO_HASH);
});

test("streamCiphers() differ by who sends, by secret and by info hash", () => {
  const otherTorrent = INFO_HASH.map((byte) => byte ^ 1);
  const begin = ({ fromInitiator, fromReceiver }: ReturnType<typeof streamCiphers>): string[] =>
    [fromInitiator, fromReceiver].map((cipher) => {
      const bytes = new Uint8Array(8);
      cipher.crypt(bytes);
      return bytes.toHex();
    });
  const streams = [
    ...begin(streamCiphers(secret, INFO_HASH)),
    ...begin(streamCiphers(secret, otherTorrent)),
    ...begin(streamCiphers(publicKeyOf(one), INFO_HASH)),
  ];
  equal(new Set(streams).size, streams.length);
  deepEqual(begin(streamCiphers(secret, INFO_HASH)), streams.slice(0, 2));
});

test("obfuscatedHash() refuses what is no info hash of the wire", () => {
  throws(() => obfuscatedHash(new Uint8Array(32)));
});
