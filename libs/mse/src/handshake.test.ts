import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PayloadMethod } from "./mse-model.ts";
import { anyCuts, anyMethods, anyPadding, converse, type Party } from "./testing.ts";

const RC4: readonly PayloadMethod[] = ["rc4"];
const PLAINTEXT: readonly PayloadMethod[] = ["plaintext"];
const RC4_FIRST: readonly PayloadMethod[] = ["rc4", "plaintext"];
const PLAINTEXT_FIRST: readonly PayloadMethod[] = ["plaintext", "rc4"];

const combinations = [
  { provided: RC4, accepted: RC4, then: "rc4" },
  { provided: RC4, accepted: PLAINTEXT, then: null },
  { provided: RC4, accepted: RC4_FIRST, then: "rc4" },
  { provided: RC4, accepted: PLAINTEXT_FIRST, then: "rc4" },
  { provided: PLAINTEXT, accepted: RC4, then: null },
  { provided: PLAINTEXT, accepted: PLAINTEXT, then: "plaintext" },
  { provided: PLAINTEXT, accepted: RC4_FIRST, then: "plaintext" },
  { provided: PLAINTEXT, accepted: PLAINTEXT_FIRST, then: "plaintext" },
  { provided: RC4_FIRST, accepted: RC4, then: "rc4" },
  { provided: RC4_FIRST, accepted: PLAINTEXT, then: "plaintext" },
  { provided: RC4_FIRST, accepted: RC4_FIRST, then: "rc4" },
  { provided: RC4_FIRST, accepted: PLAINTEXT_FIRST, then: "plaintext" },
  { provided: PLAINTEXT_FIRST, accepted: RC4, then: "rc4" },
  { provided: PLAINTEXT_FIRST, accepted: PLAINTEXT, then: "plaintext" },
  { provided: PLAINTEXT_FIRST, accepted: RC4_FIRST, then: "rc4" },
  { provided: PLAINTEXT_FIRST, accepted: PLAINTEXT_FIRST, then: "plaintext" },
];

for (const { provided, accepted, then } of combinations) {
  test(`MseInitiator that provides ${provided} and MseReceiver that accepts ${accepted}`, () => {
    const { initiator, receiver } = converse({
      initiator: { methods: provided },
      receiver: { methods: accepted },
    });
    equal(payloadOf(receiver), then);
    equal(payloadOf(initiator), then);
  });
}

test("MseInitiator and MseReceiver hear each other, whatever the padding and the cuts", () => {
  const anyBytes = fc.uint8Array({ maxLength: 300 });
  const anyConversation = fc.record({
    methods: anyMethods,
    paddings: fc.tuple(anyPadding, anyPadding, anyPadding, anyPadding),
    initialPayload: anyBytes,
    initiatorSays: anyBytes,
    receiverSays: anyBytes,
    places: anyCuts,
  });
  fc.assert(
    fc.property(anyConversation, ({ methods, paddings, initialPayload, ...given }) => {
      const [padding, padding2, paddingC, paddingD] = paddings;
      const { initiator, receiver } = converse({
        initiator: { methods, padding, paddingC, initialPayload },
        receiver: { padding: padding2, paddingD },
        ...given,
      });
      deepEqual(receiver.heard, [...initialPayload, ...given.initiatorSays]);
      deepEqual(initiator.heard, [...given.receiverSays]);
    }),
  );
});

test("MseInitiator and MseReceiver hear each other byte by byte", () => {
  const says = Uint8Array.of(1, 2, 3);
  const { initiator, receiver } = converse({
    initiatorSays: says,
    receiverSays: says,
    places: Array.from({ length: 1_000 }, (_, place) => place),
  });
  deepEqual(receiver.heard.slice(-3), [...says]);
  deepEqual(initiator.heard, [...says]);
});

test("MseReceiver that finds no such torrent leaves MseInitiator without an answer", () => {
  const { initiator, receiver } = converse({ infoHash: null });
  deepEqual(receiver.outputs.at(-1), { kind: "violation", code: "mse-secret-unknown" });
  equal(payloadOf(initiator), null);
});

function payloadOf({ outputs }: Party): PayloadMethod | null {
  const last = outputs.at(-1);
  return last?.kind === "established" ? last.payload : null;
}
