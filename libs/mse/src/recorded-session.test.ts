import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { MseReceiver } from "./mse-receiver.ts";
import { obfuscatedHash } from "./stream-keys.ts";
import { givenReceiverOptions } from "./testing.ts";

const INFO_HASH = Uint8Array.fromHex("c9a91a577769a5e783088e9503baeb7232f14a02");

/** All that libtorrent 2.0.8, with encryption forced, sent to a receiver of the key below. */
const RECORDED = Uint8Array.fromHex(
  "d803b5514ccb57ad549e05018e9e67e653baa7342cbfe4b6abf4d70297a9a1fb8d2fca43dda6c8e6dbc0c69e" +
    "4b3695a73cafb4038c93636e07d667adcb84e158b2b3012017de43bd15bb4369e58387a9146772fbca0e7071" +
    "6505c48db764bd9a390950fb229fd3dddbf3e957268a554a6b3a3d467cfb85bd9560e66b78e9db2dfd470f07" +
    "da9f56a88da0451f78f46bd093bcc0b5f05a84803f19dc2236d55b6fe599003f4419caed92fb9ffd8805bacc" +
    "bcec8ab65939ba9ee4c07aefc33c7ad6334baf26fb58eabdd68b76588d274634f855af4f510a862dac9a266e" +
    "4a1051e3f36468b33a6aa9ac51fbd8be3146581d2a114f410fed765da998937ed57ffc5892884a3e54dfb328" +
    "a4e0a0e157a3481d968ca0db9ff07487d4ad1104b6688f14a332939ead8e56366c951439465dc0688aa3e59f" +
    "7212483721c56c9dcfb8bcfdab987db4a84123f0d2f2612f94780477cd2ae5cba07b5b3fde3175df59672c1c" +
    "a91c9f83f1803a5c5eea19bcd5ebb1f31b4d",
);

test("MseReceiver understands a recorded session of libtorrent", () => {
  const receiver = new MseReceiver(
    givenReceiverOptions({ privateKey: new Uint8Array(20).fill(9) }),
  );
  receiver.push(RECORDED);
  ok(receiver.next()?.kind === "send");
  deepEqual(receiver.next(), { kind: "find-secret", obfuscatedHash: obfuscatedHash(INFO_HASH) });
  receiver.secretFound(INFO_HASH);
  ok(receiver.next()?.kind === "send");
  const established = receiver.next();
  ok(established?.kind === "established");
  const handshake = Buffer.from(established.received);
  deepEqual(handshake.subarray(0, 20).toString(), "\x13BitTorrent protocol");
  deepEqual(new Uint8Array(handshake.subarray(28, 48)), INFO_HASH);
  deepEqual(handshake.subarray(48, 56).toString(), "-LT2080-");
});
