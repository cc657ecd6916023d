import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { cut } from "@seedfleet/wire/testing";
import fc from "fast-check";
import { MseInitiator, type MseInitiatorOptions } from "./mse-initiator.ts";
import {
  anyCuts,
  anyPadding,
  type Forgery,
  givenAnswer,
  givenInitiatorOptions,
  givenOpening,
  Party,
} from "./testing.ts";

const HELLO = Buffer.from("hello");

/** An initiator that has begun, has heard these reads and was asked after each. */
function initiate(reads: readonly Uint8Array[], options: Partial<MseInitiatorOptions> = {}): Party {
  const initiator = new MseInitiator(givenInitiatorOptions(options));
  const party = new Party(initiator, new Uint8Array(0), null);
  party.talk();
  for (const read of reads) {
    party.hear(read);
    party.talk();
  }
  return party;
}

function outcome({ outputs, heard }: Party): unknown {
  const plain = outputs.map((output) => {
    if (output.kind === "send") return output.bytes.toHex();
    return output.kind === "violation" ? output : output.kind;
  });
  return { plain, heard };
}

type Case = {
  readonly given: string;
  readonly answer: Forgery;
  readonly options?: Partial<MseInitiatorOptions>;
  readonly then: string;
};

const cases: readonly Case[] = [
  { given: "RC4", answer: { methods: 2 }, then: "rc4" },
  { given: "plaintext", answer: { methods: 1 }, then: "plaintext" },
  { given: "PadB as long as may be", answer: { padding: new Uint8Array(512) }, then: "rc4" },
  { given: "PadB longer", answer: { padding: new Uint8Array(513) }, then: "mse-sync-lost" },
  { given: "PadD as long as may be", answer: { padding2: new Uint8Array(512) }, then: "rc4" },
  { given: "PadD longer", answer: { paddingLength: 513 }, then: "mse-padding-too-long" },
  { given: "no method", answer: { methods: 0 }, then: "mse-no-common-method" },
  { given: "both methods", answer: { methods: 3 }, then: "mse-no-common-method" },
  {
    given: "a method that was not provided",
    answer: { methods: 1 },
    options: { methods: ["rc4"] },
    then: "mse-no-common-method",
  },
  {
    given: "another verification constant",
    answer: { verification: [0, 0, 0, 0, 0, 0, 0, 1], encryptedPayload: new Uint8Array(520) },
    then: "mse-sync-lost",
  },
];

for (const { given, answer, options, then } of cases) {
  test(`MseInitiator given an answer of ${given}`, () => {
    const last = initiate([givenAnswer(answer)], options).outputs.at(-1);
    equal(
      last?.kind === "established" ? last.payload : last?.kind === "violation" && last.code,
      then,
    );
  });
}

test("MseInitiator sends what its peer awaits, byte for byte", () => {
  const party = initiate([givenAnswer()], { methods: ["rc4"], initialPayload: HELLO });
  const sent = party.outputs.flatMap((output) => (output.kind === "send" ? [output.bytes] : []));
  deepEqual(Buffer.concat(sent), givenOpening({ initialPayload: HELLO }));
});

test("MseInitiator given a public key that makes the secret known", () => {
  const party = initiate([new Uint8Array(96)]);
  deepEqual(party.outputs.at(-1), { kind: "violation", code: "mse-public-key" });
  equal(party.outputs.length, 2);
});

test("MseInitiator gives the payload that came with the answer", () => {
  const encrypted = initiate([givenAnswer({ encryptedPayload: HELLO })]);
  equal(Buffer.from(encrypted.heard).toString(), "hello");
  const plaintext = initiate([Buffer.concat([givenAnswer({ methods: 1 }), HELLO])]);
  equal(Buffer.from(plaintext.heard).toString(), "hello");
});

test("MseInitiator given an answer cut short at any byte waits", () => {
  const answer = givenAnswer({ padding2: new Uint8Array(3) });
  for (let length = 0; length < answer.length; length += 1) {
    const { outputs } = initiate([answer.subarray(0, length)]);
    ok(outputs.every(({ kind }) => kind === "send"));
  }
});

test("MseInitiator gives the same for any answer however it is cut, and leaves the reads", () => {
  const anyBreaks = fc.array(fc.record({ at: fc.nat(1_200), byte: fc.nat(255) }), { maxLength: 2 });
  fc.assert(
    fc.property(anyPadding, anyPadding, anyBreaks, anyCuts, (padding, padding2, breaks, places) => {
      const answer = givenAnswer({ padding, padding2, encryptedPayload: HELLO });
      for (const { at, byte } of breaks) answer[at % answer.length] = byte;
      const before = Uint8Array.from(answer);
      deepEqual(outcome(initiate(cut(answer, places))), outcome(initiate([answer])));
      deepEqual(Uint8Array.from(answer), before);
    }),
  );
});

test("MseInitiator never throws on any bytes, and loses sync at the 616th at the latest", () => {
  const anyBytes = fc.uint8Array({ minLength: 616, maxLength: 900 });
  fc.assert(
    fc.property(anyBytes, anyCuts, (bytes, places) => {
      const last = initiate(cut(bytes, places)).outputs.at(-1);
      ok(last?.kind === "violation");
      ok(["mse-sync-lost", "mse-public-key"].includes(last.code));
    }),
  );
});
