import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Rc4 } from "./rc4.ts";

/** RFC 6229, section 2: what the key stream is at some offsets. */
const vectors = [
  {
    key: "0102030405",
    stream: {
      0: "b2396305f03dc027ccc3524a0a1118a8",
      240: "28cb1132c96ce286421dcaadb8b69eae",
      1024: "30abbcc7c20b01609f23ee2d5f6bb7df",
      4096: "ff25b58995996707e51fbdf08b34d875",
    },
  },
  {
    key: "0102030405060708090a0b0c0d0e0f10",
    stream: {
      0: "9ac7cc9a609d1ef7b2932899cde41b97",
      240: "065902e4b620f6cc36c8589f66432f2b",
      1024: "bdf0324e6083dcc6d3cedd3ca8c53c16",
      4096: "a36a4c301ae8ac13610ccbc12256cacc",
    },
  },
  {
    key: "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
    stream: {
      0: "eaa6bd25880bf93d3f5d1e4ca2611d91",
      240: "114ae344ded71b35f2e60febad727fd8",
      1024: "7fec5bfd9f9b89ce6548309092d7e958",
      4096: "f3e4c0a2e02d1d01f7f0a74618af2b48",
    },
  },
] as const;

for (const { key, stream } of vectors) {
  for (const [offset, then] of Object.entries(stream)) {
    test(`Rc4 given the key ${key}, at offset ${offset}`, () => {
      const cipher = new Rc4(Uint8Array.fromHex(key));
      cipher.discard(Number(offset));
      const bytes = new Uint8Array(16);
      cipher.crypt(bytes);
      equal(bytes.toHex(), then);
    });
  }
}

const anyKey = fc.uint8Array({ minLength: 1, maxLength: 256 });
const anyBytes = fc.uint8Array({ maxLength: 600 });

test("Rc4 gives back what another of the same key encrypted, however either was cut", () => {
  fc.assert(
    fc.property(anyKey, fc.array(anyBytes, { maxLength: 5 }), fc.nat(600), (key, parts, place) => {
      const sent = Buffer.concat(parts);
      const encrypting = new Rc4(key);
      for (const part of parts) encrypting.crypt(part);
      const received = Buffer.concat(parts);
      const decrypting = new Rc4(key);
      decrypting.crypt(received.subarray(0, place));
      decrypting.crypt(received.subarray(place));
      deepEqual(received, sent);
    }),
  );
});

test("Rc4.cryptInto() writes what crypt() makes, nothing beside it, and leaves its source", () => {
  fc.assert(
    fc.property(anyKey, anyBytes, fc.nat(40), fc.nat(40), (key, source, at, room) => {
      const expected = new Uint8Array(at + source.length + room).fill(0x5a);
      expected.set(source, at);
      new Rc4(key).crypt(expected.subarray(at, at + source.length));
      const before = Uint8Array.from(source);
      const target = new Uint8Array(expected.length).fill(0x5a);
      new Rc4(key).cryptInto(source, target, at);
      deepEqual(target, expected);
      deepEqual(source, before);
    }),
  );
});

test("Rc4.cryptInto() refuses a target that is too short", () => {
  const cipher = new Rc4(Uint8Array.of(1));
  throws(() => cipher.cryptInto(new Uint8Array(4), new Uint8Array(6), 3));
});
