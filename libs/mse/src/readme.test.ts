import { deepEqual, equal } from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { test } from "node:test";
import {
  MSE_PRIVATE_KEY_BYTES,
  type MseEstablished,
  MseInitiator,
  MseReceiver,
  obfuscatedHash,
} from "./index.ts";

test("the example of README.md holds", () => {
  const infoHash = randomBytes(20);
  const handshake = Buffer.from("the handshake of BEP 3");
  const answers: Uint8Array[] = [];
  const begun: MseEstablished[] = [];

  const byObfuscatedHash = new Map([[obfuscatedHash(infoHash).toHex(), infoHash]]);
  const receiver = new MseReceiver({
    privateKey: randomBytes(MSE_PRIVATE_KEY_BYTES),
    padding: randomBytes(randomInt(513)),
    methods: ["plaintext", "rc4"],
  });

  function received(bytes: Uint8Array): void {
    receiver.push(bytes);
    for (let output = receiver.next(); output !== null; output = receiver.next()) {
      if (output.kind === "send") answers.push(output.bytes);
      if (output.kind === "find-secret") {
        const key = output.obfuscatedHash.toHex();
        receiver.secretFound(byObfuscatedHash.get(key) ?? null);
      }
      if (output.kind === "established") begun.push(output);
    }
  }

  const initiator = new MseInitiator({
    privateKey: randomBytes(MSE_PRIVATE_KEY_BYTES),
    padding: randomBytes(randomInt(513)),
    skey: infoHash,
    methods: ["rc4", "plaintext"],
    initialPayload: handshake,
  });
  for (let turn = 0; turn < 3; turn += 1) {
    for (let output = initiator.next(); output !== null; output = initiator.next()) {
      if (output.kind === "send") received(output.bytes);
    }
    for (const answer of answers.splice(0)) initiator.push(answer);
  }

  equal(begun[0]?.payload, "plaintext");
  deepEqual(Buffer.from(begun[0]?.received ?? []), handshake);
});
