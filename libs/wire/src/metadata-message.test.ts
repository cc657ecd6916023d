import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  decodeMetadataMessage,
  encodeMetadataMessage,
  METADATA_MESSAGE_BYTES_MAX,
  METADATA_PIECE_BYTES,
} from "./metadata-message.ts";
import { anyMetadataMessage, givenBytes } from "./testing.ts";

const cases = [
  {
    given: "a request",
    text: "d8:msg_typei0e5:piecei0ee",
    then: { kind: "metadata-request", piece: 0 },
  },
  {
    given: "a request with a total size, as libtorrent sends it",
    text: "d8:msg_typei0e5:piecei3e10:total_sizei99ee",
    then: { kind: "metadata-request", piece: 3 },
  },
  {
    given: "a reject",
    text: "d8:msg_typei2e5:piecei7ee",
    then: { kind: "metadata-reject", piece: 7 },
  },
  {
    given: "a type to come",
    text: "d8:msg_typei3ee",
    then: { kind: "metadata-unknown", type: 3 },
  },
  {
    given: "the last piece of data",
    text: "d8:msg_typei1e5:piecei1e10:total_sizei16387eexyz",
    then: {
      kind: "metadata-data",
      piece: 1,
      totalSizeBytes: 16_387,
      data: Uint8Array.of(0x78, 0x79, 0x7a),
    },
  },
] as const;

for (const { given, text, then } of cases) {
  test(`decodeMetadataMessage() given ${given}`, () => {
    deepEqual(decodeMetadataMessage(givenBytes(text)), then);
  });
}

const refused = [
  { given: "nothing at all", text: "" },
  { given: "a list", text: "le" },
  { given: "no type", text: "d5:piecei0ee" },
  { given: "a type that is text", text: "d8:msg_type1:05:piecei0ee" },
  { given: "no piece", text: "d8:msg_typei0ee" },
  { given: "a negative piece", text: "d8:msg_typei0e5:piecei-1ee" },
  { given: "data without a total size", text: "d8:msg_typei1e5:piecei0eexyz" },
  { given: "data too short", text: "d8:msg_typei1e5:piecei0e10:total_sizei4eexyz" },
  { given: "data too long", text: "d8:msg_typei1e5:piecei0e10:total_sizei2eexyz" },
  { given: "data past the end", text: "d8:msg_typei1e5:piecei1e10:total_sizei3ee" },
  {
    given: "data of a piece that cannot be",
    text: "d8:msg_typei1e5:piecei9007199254740991e10:total_sizei3eexyz",
  },
  { given: "very many keys", text: `d1:al${"0:".repeat(100)}e8:msg_typei0e5:piecei0ee` },
  {
    given: "too many bytes",
    text: `d8:msg_typei0e5:piecei0ee${"x".repeat(METADATA_MESSAGE_BYTES_MAX)}`,
  },
] as const;

for (const { given, text } of refused) {
  test(`decodeMetadataMessage() given ${given}`, () => {
    deepEqual(decodeMetadataMessage(givenBytes(text)), {
      kind: "violation",
      code: "metadata-message-invalid",
      length: text.length,
    });
  });
}

test("encodeMetadataMessage() is as BEP 9 has it", () => {
  const data = new Uint8Array(3_425).fill(0x78);
  const payload = encodeMetadataMessage({
    kind: "metadata-data",
    piece: 0,
    totalSizeBytes: 3_425,
    data,
  });
  equal(
    Buffer.from(payload).toString("latin1"),
    `d8:msg_typei1e5:piecei0e10:total_sizei3425ee${"x".repeat(3_425)}`,
  );
});

test("encodeMetadataMessage() given data that is no piece is our own mistake", () => {
  const data = new Uint8Array(METADATA_PIECE_BYTES - 1);
  throws(() =>
    encodeMetadataMessage({ kind: "metadata-data", piece: 0, totalSizeBytes: 99_999, data }),
  );
});

test("decodeMetadataMessage() gives back what encodeMetadataMessage() took", () => {
  fc.assert(
    fc.property(anyMetadataMessage, (message) => {
      const decoded = decodeMetadataMessage(encodeMetadataMessage(message));
      if (decoded.kind !== "metadata-data") return deepEqual(decoded, message);
      deepEqual({ ...decoded, data: Uint8Array.from(decoded.data) }, message);
    }),
  );
});

test("decodeMetadataMessage() never throws", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeMetadataMessage(bytes)));
});
