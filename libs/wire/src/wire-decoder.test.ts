import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeMessage, writePieceHeader } from "./encode-message.ts";
import { anyMessage, cut, decodeAll } from "./testing.ts";
import { WireDecoder } from "./wire-decoder.ts";

const golden = [
  { given: "a keep-alive", hex: "00000000", then: { kind: "keep-alive" } },
  { given: "an unchoke", hex: "0000000101", then: { kind: "unchoke" } },
  { given: "a have", hex: "000000050400000102", then: { kind: "have", piece: 258 } },
  {
    given: "a request",
    hex: "0000000d06000000010000400000004000",
    then: { kind: "request", piece: 1, begin: 16_384, length: 16_384 },
  },
  { given: "a port", hex: "00000003091ae1", then: { kind: "port", port: 6881 } },
  {
    given: "a message of an extension",
    hex: "000000021400",
    then: { kind: "unknown", id: 20, length: 1 },
  },
  {
    given: "an index past 2^31",
    hex: "0000000504fffffffe",
    then: { kind: "have", piece: 0xffff_fffe },
  },
  {
    given: "a length past 2^31",
    hex: "80000000",
    then: { kind: "violation", code: "message-too-long", length: 0x8000_0000, lengthMax: 1_000 },
  },
  {
    given: "a request cut short",
    hex: "0000000906000000010000400000",
    then: { kind: "violation", code: "message-length", id: 6, length: 8 },
  },
  {
    given: "a choke with a body",
    hex: "000000020000",
    then: { kind: "violation", code: "message-length", id: 0, length: 1 },
  },
];

for (const { given, hex, then } of golden) {
  test(`WireDecoder given ${given}`, () => {
    deepEqual(decodeAll([Buffer.from(hex, "hex")])[0], then);
  });
}

test("WireDecoder judges a length before its payload is there", () => {
  const decoder = new WireDecoder({ lengthMax: 10 });
  decoder.push(Uint8Array.of(0, 0, 0, 11));
  equal(decoder.next()?.kind, "violation");
});

const anyCuts = fc.array(fc.nat(10_000), { maxLength: 30 });

test("WireDecoder gives back every message that was encoded, however it was cut", () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 20 }), anyCuts, (messages, places) => {
      const bytes = Buffer.concat(messages.map(encodeMessage));
      const decoded = decodeAll(cut(bytes, places)).map(plain);
      deepEqual(decoded, messages.map(plain));
    }),
  );
});

test("WireDecoder gives the same for any bytes however they are cut, and never throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), anyCuts, (bytes, places) => {
      deepEqual(decodeAll(cut(bytes, places)).map(plain), decodeAll([bytes]).map(plain));
    }),
  );
});

test("WireDecoder joins a long message that comes byte by byte only once", () => {
  const bits = new Uint8Array(100_000).fill(7);
  const bytes = encodeMessage({ kind: "bitfield", bits });
  const reads = Array.from(bytes, (byte) => Uint8Array.of(byte));
  deepEqual(plain(decodeAll(reads, 200_000)[0]), { kind: "bitfield", bits: [...bits] });
});

test("writePieceHeader() then the data is a piece message", () => {
  const data = Uint8Array.of(1, 2, 3);
  const header = new Uint8Array(13);
  writePieceHeader(header, 0, { piece: 0x01020304, begin: 0xfffe_0000, length: data.length });
  deepEqual(
    Buffer.concat([header, data]),
    Buffer.from(encodeMessage({ kind: "piece", piece: 0x01020304, begin: 0xfffe_0000, data })),
  );
});

/** Views and buffers compare by their numbers. */
function plain(message: object | undefined): object {
  return Object.fromEntries(
    Object.entries(message ?? {}).map(([key, value]) => [
      key,
      value instanceof Uint8Array ? [...value] : value,
    ]),
  );
}
