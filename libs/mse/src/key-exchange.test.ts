import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { publicKeyOf, sharedSecret } from "./key-exchange.ts";

const PRIME =
  "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74" +
  "020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437" +
  "4fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563";

const oneToTwenty = Uint8Array.from({ length: 20 }, (_, index) => index + 1);
const three = Uint8Array.from({ length: 20 }, (_, index) => (index === 19 ? 3 : 0));

/** Reckoned by another program. */
const golden = [
  {
    given: "the bytes 1 to 20",
    privateKey: oneToTwenty,
    then:
      "96e112dab29e8c5272accb9b17b26887ce54a144a4e3b697c7d159b7a817e556" +
      "b0918db2b4c658e02a87f7e5fb14b18a553e084cbf3dad2d30f16596ccb982d4" +
      "06258c61b30c5c1dae2ddc60bdbd48d79896312aad63238c39e1a633821eb693",
  },
  { given: "a short number", privateKey: three, then: "8".padStart(192, "0") },
];

for (const { given, privateKey, then } of golden) {
  test(`publicKeyOf() given ${given}`, () => {
    equal(publicKeyOf(privateKey).toHex(), then);
  });
}

test("sharedSecret() is what another program reckons", () => {
  const peerKey = publicKeyOf(oneToTwenty.map((byte) => byte + 100));
  equal(
    sharedSecret(oneToTwenty, peerKey)?.toHex(),
    "d05ed96a95215a89b44073afe5d0b1626289ac01cff7849392948b2470b34654" +
      "7e944d7562a897ae86976bc389999083ec09572dbdc8ed7f6a0a86a1aa42a3ca" +
      "04209b72d8239890360435640643b76479ed7836f1857963fcc7cb72084c3ab4",
  );
});

const anyPrivateKey = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .filter((key) => key.some((byte) => byte > 0));

test("sharedSecret() is the same for both sides, always of 96 bytes", () => {
  fc.assert(
    fc.property(anyPrivateKey, anyPrivateKey, (one, other) => {
      const secret = sharedSecret(one, publicKeyOf(other));
      deepEqual(secret, sharedSecret(other, publicKeyOf(one)));
      equal(secret?.length, 96);
    }),
    { numRuns: 30 },
  );
});

/** The least and the greatest that the exchange of honest sides may give. */
const atBounds = [
  { given: "0", peerKey: "0".padStart(192, "0"), isRefused: true },
  { given: "1", peerKey: "1".padStart(192, "0"), isRefused: true },
  { given: "2", peerKey: "2".padStart(192, "0"), isRefused: false },
  { given: "the prime less 2", peerKey: `${PRIME.slice(0, -1)}1`, isRefused: false },
  { given: "the prime less 1", peerKey: `${PRIME.slice(0, -1)}2`, isRefused: true },
  { given: "the prime", peerKey: PRIME, isRefused: true },
  { given: "the prime and 1", peerKey: `${PRIME.slice(0, -1)}4`, isRefused: true },
  { given: "all ones", peerKey: "f".repeat(192), isRefused: true },
];

for (const { given, peerKey, isRefused } of atBounds) {
  test(`sharedSecret() given the public key ${given}`, () => {
    equal(sharedSecret(oneToTwenty, Uint8Array.fromHex(peerKey)) === null, isRefused);
  });
}

test("publicKeyOf() refuses a private key of another length", () => {
  throws(() => publicKeyOf(new Uint8Array(19)));
});
