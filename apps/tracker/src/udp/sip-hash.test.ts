import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SipHash } from "./sip-hash.ts";

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);

function hashed(key: Uint8Array, message: Uint8Array): bigint {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const words = Int32Array.from({ length: message.length / 4 }, (_, index) =>
    view.getInt32(4 * index, true),
  );
  const hash = new SipHash(key);
  hash.hash(words, words.length);
  return (BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0);
}

test("SipHash gives the published hashes", () => {
  assert.equal(hashed(KEY, KEY.subarray(0, 0)).toString(16), "726fdb47dd0e0e31");
  assert.equal(hashed(KEY, KEY.slice(0, 8)).toString(16), "93f5f5799a932462");
});

test("SipHash is what the paper says, computed in 64 bits", () => {
  const blocks = fc.array(fc.uint8Array({ minLength: 8, maxLength: 8 }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), blocks, (key, parts) => {
      const message = Uint8Array.from(parts.flatMap((part) => [...part]));
      assert.equal(hashed(key, message), reference(key, message));
    }),
  );
});

function reference(key: Uint8Array, message: Uint8Array): bigint {
  const word = (bytes: Uint8Array, at: number): bigint =>
    new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);
  const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
  const turn = (value: bigint, by: bigint): bigint => wrap(value << by) | (value >> (64n - by));
  const [k0, k1] = [word(key, 0), word(key, 8)];
  let a = k0 ^ 0x736f6d6570736575n;
  let b = k1 ^ 0x646f72616e646f6dn;
  let c = k0 ^ 0x6c7967656e657261n;
  let d = k1 ^ 0x7465646279746573n;
  const round = (): void => {
    a = wrap(a + b);
    b = turn(b, 13n) ^ a;
    a = turn(a, 32n);
    c = wrap(c + d);
    d = turn(d, 16n) ^ c;
    a = wrap(a + d);
    d = turn(d, 21n) ^ a;
    c = wrap(c + b);
    b = turn(b, 17n) ^ c;
    c = turn(c, 32n);
  };
  const blocks = Array.from({ length: message.length / 8 }, (_, at) => word(message, 8 * at));
  for (const block of [...blocks, BigInt(message.length) << 56n]) {
    d ^= block;
    round();
    round();
    a ^= block;
  }
  c ^= 0xffn;
  for (let last = 0; last < 4; last += 1) round();
  return a ^ b ^ c ^ d;
}
