import assert from "node:assert/strict";

/** As many as it takes for 160 bits; more would not make 768 bits of prime any safer. */
export const MSE_PRIVATE_KEY_BYTES = 20;

/** The length of a public key and of a shared secret: 768 bits. */
export const PUBLIC_KEY_BYTES = 96;

/** A safe prime, the same for everybody. */
const PRIME: bigint = BigInt(
  "0xffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74" +
    "020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437" +
    "4fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563",
);
const GENERATOR = 2n;

/** The public key that belongs to a private one, which must be drawn at random. */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  assert.equal(privateKey.length, MSE_PRIVATE_KEY_BYTES);
  return bytesOf(power(GENERATOR, privateKey));
}

/**
 * What both sides know after the exchange of public keys (Diffie-Hellman), and nobody else. Null if
 * the peer's key is no result of an honest exchange, such as one that makes the secret known: 0, 1,
 * the prime less 1, or beyond it.
 */
export function sharedSecret(privateKey: Uint8Array, peerKey: Uint8Array): Uint8Array | null {
  assert.equal(peerKey.length, PUBLIC_KEY_BYTES);
  const key = BigInt(`0x${peerKey.toHex()}`);
  if (key <= 1n || key >= PRIME - 1n) return null;
  return bytesOf(power(key, privateKey));
}

/** `base` to the power of a big-endian exponent, modulo the prime: by squaring, bit by bit. */
function power(base: bigint, exponent: Uint8Array): bigint {
  let result = 1n;
  for (const byte of exponent) {
    for (let bit = 0x80; bit > 0; bit >>= 1) {
      result = (result * result) % PRIME;
      if ((byte & bit) !== 0) result = (result * base) % PRIME;
    }
  }
  return result;
}

function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(2 * PUBLIC_KEY_BYTES, "0"));
}
