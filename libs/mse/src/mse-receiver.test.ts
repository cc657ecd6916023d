import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { cut } from "@seedfleet/wire/testing";
import fc from "fast-check";
import { MSE_INITIAL_PAYLOAD_BYTES_MAX, MSE_WAITING_BYTES_MAX } from "./mse-model.ts";
import { MseReceiver, type MseReceiverOptions } from "./mse-receiver.ts";
import { obfuscatedHash } from "./stream-keys.ts";
import {
  anyCuts,
  anyPadding,
  type Forgery,
  givenOpening,
  givenReceiverOptions,
  INFO_HASH,
  Party,
} from "./testing.ts";

const HANDSHAKE = Buffer.from(`\x13BitTorrent protocol${"e".repeat(8)}${"i".repeat(40)}`);
const HELLO = Buffer.from("hello");

/** A receiver that has heard these reads and was asked after each. */
function receive(
  reads: readonly Uint8Array[],
  options: Partial<MseReceiverOptions> = {},
  infoHash: Uint8Array | null = INFO_HASH,
): Party {
  const receiver = new MseReceiver(givenReceiverOptions(options));
  const party = new Party(receiver, new Uint8Array(0), infoHash);
  for (const read of reads) {
    party.hear(read);
    party.talk();
  }
  return party;
}

/** What it came to, without what is of no interest. */
function outcome({ outputs, heard }: Party): unknown {
  return { outputs: outputs.map(plain), heard };
}

/** Reads may split the payload anywhere, so `received` is looked at as part of what was heard. */
function plain(output: object): unknown[] {
  return Object.entries(output)
    .filter(([key]) => !["received", "incoming", "outgoing"].includes(key))
    .map(([key, value]) => [key, value instanceof Uint8Array ? value.toHex() : value]);
}

type Case = {
  readonly given: string;
  readonly opening: Forgery;
  readonly options?: Partial<MseReceiverOptions>;
  readonly then: string;
};

const cases: readonly Case[] = [
  { given: "an honest peer", opening: {}, then: "rc4" },
  { given: "PadA as long as may be", opening: { padding: new Uint8Array(512) }, then: "rc4" },
  { given: "PadA longer", opening: { padding: new Uint8Array(513) }, then: "mse-sync-lost" },
  { given: "PadC as long as may be", opening: { padding2: new Uint8Array(512) }, then: "rc4" },
  { given: "PadC longer", opening: { paddingLength: 513 }, then: "mse-padding-too-long" },
  { given: "PadC of 64 KiB", opening: { paddingLength: 0xffff }, then: "mse-padding-too-long" },
  {
    given: "an initial payload as long as may be",
    opening: { initialPayload: new Uint8Array(MSE_INITIAL_PAYLOAD_BYTES_MAX) },
    then: "rc4",
  },
  {
    given: "an initial payload that is longer",
    opening: { initialPayloadLength: MSE_INITIAL_PAYLOAD_BYTES_MAX + 1 },
    then: "mse-initial-payload-too-long",
  },
  {
    given: "another verification constant",
    opening: { verification: [0, 0, 0, 0, 0, 0, 0, 1] },
    then: "mse-verification",
  },
  { given: "no method", opening: { methods: 0 }, then: "mse-no-common-method" },
  { given: "a method of the future", opening: { methods: 4 }, then: "mse-no-common-method" },
  { given: "one more of the future", opening: { methods: 6 }, then: "rc4" },
  {
    given: "a method that we do not accept",
    opening: { methods: 2 },
    options: { methods: ["plaintext"] },
    then: "mse-no-common-method",
  },
  {
    given: "both methods, plaintext preferred",
    opening: { methods: 3 },
    options: { methods: ["plaintext", "rc4"] },
    then: "plaintext",
  },
  {
    given: "both methods, RC4 preferred",
    opening: { methods: 3 },
    options: { methods: ["rc4", "plaintext"] },
    then: "rc4",
  },
];

for (const { given, opening, options, then } of cases) {
  test(`MseReceiver given ${given}`, () => {
    const last = receive([givenOpening(opening)], options).outputs.at(-1);
    equal(
      last?.kind === "established" ? last.payload : last?.kind === "violation" && last.code,
      then,
    );
  });
}

test("MseReceiver tells how long what was too long is, and how long it may be", () => {
  deepEqual(receive([givenOpening({ paddingLength: 513 })]).outputs.at(-1), {
    kind: "violation",
    code: "mse-padding-too-long",
    length: 513,
    lengthMax: 512,
  });
});

test("MseReceiver asks for the torrent by its obfuscated hash and waits for the answer", () => {
  const receiver = new MseReceiver(givenReceiverOptions());
  receiver.push(givenOpening({ initialPayload: HELLO }));
  equal(receiver.next()?.kind, "send");
  deepEqual(receiver.next(), { kind: "find-secret", obfuscatedHash: obfuscatedHash(INFO_HASH) });
  equal(receiver.next(), null);
  receiver.secretFound(INFO_HASH);
  equal(receiver.next()?.kind, "send");
  const established = receiver.next();
  ok(established?.kind === "established");
  deepEqual(Buffer.from(established.received), HELLO);
});

test("MseReceiver given a torrent that nobody has", () => {
  const party = receive([givenOpening()], {}, null);
  deepEqual(party.outputs.at(-1), { kind: "violation", code: "mse-secret-unknown" });
});

test("MseReceiver given the info hash of another torrent", () => {
  const party = receive([givenOpening()], {}, new Uint8Array(20));
  deepEqual(party.outputs.at(-1), { kind: "violation", code: "mse-verification" });
});

for (const { given, key } of [
  { given: "zeros", key: new Uint8Array(96) },
  { given: "ones", key: new Uint8Array(96).fill(0xff) },
]) {
  test(`MseReceiver given a public key of all ${given}`, () => {
    deepEqual(receive([key]).outputs, [{ kind: "violation", code: "mse-public-key" }]);
  });
}

test("MseReceiver refuses an answer that it did not ask for", () => {
  throws(() => new MseReceiver(givenReceiverOptions()).secretFound(INFO_HASH));
});

test("MseReceiver keeps what comes while it waits for the answer, up to its bound", () => {
  const encryptedPayload = new Uint8Array(MSE_WAITING_BYTES_MAX - 16).fill(7);
  const receiver = new MseReceiver(givenReceiverOptions());
  receiver.push(givenOpening({ encryptedPayload }));
  while (receiver.next() !== null);
  receiver.secretFound(INFO_HASH);
  equal(receiver.next()?.kind, "send");
  const established = receiver.next();
  ok(established?.kind === "established");
  deepEqual(established.received, encryptedPayload);
});

test("MseReceiver given more than it keeps while it waits", () => {
  const receiver = new MseReceiver(givenReceiverOptions());
  const encryptedPayload = new Uint8Array(MSE_WAITING_BYTES_MAX - 16);
  receiver.push(givenOpening({ encryptedPayload }));
  while (receiver.next() !== null);
  receiver.push(Uint8Array.of(1));
  deepEqual(receiver.next(), {
    kind: "violation",
    code: "mse-waiting-too-long",
    length: MSE_WAITING_BYTES_MAX + 1,
    lengthMax: MSE_WAITING_BYTES_MAX,
  });
  receiver.secretFound(INFO_HASH);
  receiver.push(givenOpening());
  equal(receiver.next(), null);
});

test("MseReceiver goes on with RC4 behind the initial payload, or with plaintext", () => {
  const rc4 = givenOpening({ initialPayload: HELLO, encryptedPayload: HELLO });
  equal(Buffer.from(receive([rc4]).heard).toString(), "hellohello");
  const plaintext = Buffer.concat([givenOpening({ methods: 1, initialPayload: HELLO }), HELLO]);
  equal(Buffer.from(receive([plaintext]).heard).toString(), "hellohello");
});

test("MseReceiver knows a plaintext handshake by its twentieth byte", () => {
  const receiver = new MseReceiver(givenReceiverOptions());
  receiver.push(HANDSHAKE.subarray(0, 19));
  equal(receiver.next(), null);
  receiver.push(HANDSHAKE.subarray(19, 20));
  const received = new Uint8Array(HANDSHAKE.subarray(0, 20));
  deepEqual(receiver.next(), { kind: "not-encrypted", received });
  equal(receiver.next(), null);
});

test("MseReceiver gives back all of a plaintext handshake, however it was cut", () => {
  fc.assert(
    fc.property(anyCuts, (places) => {
      const receiver = new MseReceiver(givenReceiverOptions());
      const rest: number[] = [];
      for (const read of cut(HANDSHAKE, places)) {
        const isKnown = rest.length > 0;
        if (isKnown) rest.push(...read);
        else receiver.push(read);
        const output = receiver.next();
        if (output?.kind === "not-encrypted") rest.push(...output.received);
      }
      deepEqual(rest, [...HANDSHAKE]);
    }),
  );
});

test("MseReceiver takes what differs from a plaintext handshake in any byte for a key", () => {
  for (let at = 0; at < 20; at += 1) {
    const bytes = Buffer.concat([HANDSHAKE, HANDSHAKE]).subarray(0, 96);
    bytes[at] = 1;
    deepEqual(
      receive([bytes]).outputs.map(({ kind }) => kind),
      ["send"],
    );
  }
});

test("MseReceiver given an opening cut short at any byte waits, and then goes on", () => {
  const opening = givenOpening({ padding2: new Uint8Array(3), initialPayload: HELLO });
  const whole = receive([opening]);
  for (let length = 0; length < opening.length; length += 1) {
    const short = receive([opening.subarray(0, length)]);
    deepEqual(short.outputs.map(plain), whole.outputs.slice(0, short.outputs.length).map(plain));
    ok(short.outputs.length < whole.outputs.length);
  }
  deepEqual(outcome(receive(Array.from(opening, (byte) => Uint8Array.of(byte)))), outcome(whole));
});

test("MseReceiver gives the same for any opening however it is cut, and leaves the reads", () => {
  const anyBreak = fc.record({ at: fc.nat(1_500), byte: fc.nat(255) });
  const anyBreaks = fc.array(anyBreak, { maxLength: 2 });
  const anyPayload = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(anyPadding, anyPayload, anyBreaks, anyCuts, (padding, payload, breaks, places) => {
      const opening = givenOpening({ padding, initialPayload: payload, encryptedPayload: payload });
      for (const { at, byte } of breaks) opening[at % opening.length] = byte;
      const before = Uint8Array.from(opening);
      deepEqual(outcome(receive(cut(opening, places))), outcome(receive([opening])));
      deepEqual(Uint8Array.from(opening), before);
    }),
  );
});

test("MseReceiver never throws on any bytes, and loses sync at the 628th at the latest", () => {
  const anyBytes = fc.uint8Array({ minLength: 628, maxLength: 900 });
  fc.assert(
    fc.property(anyBytes, anyCuts, (bytes, places) => {
      const last = receive(cut(bytes, places)).outputs.at(-1);
      ok(last?.kind === "violation");
      ok(["mse-sync-lost", "mse-public-key"].includes(last.code));
    }),
  );
});
