import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeMessage, writePieceHeader } from "./encode-message.ts";
import type { PeerMessage, WireViolation } from "./message.ts";
import { anyMessage, cut, decodeAll } from "./testing.ts";
import { type MutableBlock, WireDecoder } from "./wire-decoder.ts";

const ROOT = "ab".repeat(32);
const RANGE = "00000001000000020000000300000004";
const range = {
  piecesRoot: Array(32).fill(0xab),
  ...{ baseLayer: 1, index: 2, length: 3, proofLayers: 4 },
};

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
  { given: "a have all", hex: "000000010e", then: { kind: "have-all" } },
  { given: "a have none", hex: "000000010f", then: { kind: "have-none" } },
  {
    given: "a suggest piece",
    hex: "000000050d00000102",
    then: { kind: "suggest-piece", piece: 258 },
  },
  {
    given: "an allowed fast",
    hex: "000000051100000102",
    then: { kind: "allowed-fast", piece: 258 },
  },
  {
    given: "a reject request",
    hex: "0000000d10000000010000400000004000",
    then: { kind: "reject-request", piece: 1, begin: 16_384, length: 16_384 },
  },
  {
    given: "an extended message",
    hex: "000000041403aabb",
    then: { kind: "extended", extendedId: 3, payload: [0xaa, 0xbb] },
  },
  {
    given: "a hash request",
    hex: `0000003115${ROOT}${RANGE}`,
    then: { kind: "hash-request", ...range },
  },
  {
    given: "hashes",
    hex: `0000005116${ROOT}${RANGE}${"cd".repeat(32)}`,
    then: { kind: "hashes", ...range, hashes: Array(32).fill(0xcd) },
  },
  {
    given: "a hash reject",
    hex: `0000003117${ROOT}${RANGE}`,
    then: { kind: "hash-reject", ...range },
  },
  {
    given: "a message of an extension that we do not know",
    hex: "000000021800",
    then: { kind: "unknown", id: 24, length: 1 },
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
];

for (const { given, hex, then } of golden) {
  test(`WireDecoder given ${given}`, () => {
    deepEqual(plain(decodeAll([Buffer.from(hex, "hex")])[0]), then);
  });
}

const wrongLengths = [
  { given: "a choke with a body", id: 0, length: 1 },
  { given: "a have cut short", id: 4, length: 3 },
  { given: "a request cut short", id: 6, length: 8 },
  { given: "a piece without begin", id: 7, length: 7 },
  { given: "a cancel that is too long", id: 8, length: 13 },
  { given: "a port of four bytes", id: 9, length: 4 },
  { given: "a suggest piece without an index", id: 13, length: 0 },
  { given: "a have all with a body", id: 14, length: 1 },
  { given: "a have none with a body", id: 15, length: 1 },
  { given: "a reject request cut short", id: 16, length: 11 },
  { given: "an allowed fast of two indices", id: 17, length: 8 },
  { given: "an extended message without an id", id: 20, length: 0 },
  { given: "a hash request cut short", id: 21, length: 47 },
  { given: "hashes cut short", id: 22, length: 47 },
  { given: "hashes of which one is cut", id: 22, length: 48 + 31 },
  { given: "a hash reject with hashes", id: 23, length: 48 + 32 },
] as const;

for (const { given, id, length } of wrongLengths) {
  test(`WireDecoder given ${given}`, () => {
    const bytes = Uint8Array.of(0, 0, 0, 1 + length, id, ...new Uint8Array(length));
    deepEqual(decodeAll([bytes]), [{ kind: "violation", code: "message-length", id, length }]);
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

test("nextRequest() and next() in turns give what next() alone gives", () => {
  const anyBytes = fc.oneof(
    fc.array(anyMessage, { maxLength: 20 }).map((all) => Buffer.concat(all.map(encodeMessage))),
    fc.uint8Array({ maxLength: 400 }),
  );
  fc.assert(
    fc.property(anyBytes, anyCuts, (bytes, places) => {
      const reads = cut(bytes, places);
      deepEqual(decodeInTurns(reads).map(plain), decodeAll(reads).map(plain));
    }),
  );
});

const request = { kind: "request", piece: 1, begin: 16_384, length: 0xffff_ffff } as const;

test("nextRequest() writes into the block it is given, and takes the request", () => {
  const decoder = new WireDecoder({ lengthMax: 13 });
  const block = givenBlock();
  decoder.push(encodeMessage(request));
  equal(decoder.nextRequest(block), true);
  deepEqual({ kind: "request", ...block }, request);
  equal(decoder.nextRequest(block), false);
  equal(decoder.next(), null);
});

const whole = encodeMessage(request);
const notTaken = [
  { given: "all but the last byte of a request", bytes: whole.subarray(0, -1), lengthMax: 99 },
  { given: "a cancel", bytes: encodeMessage({ ...request, kind: "cancel" }), lengthMax: 99 },
  {
    given: "a request that is too long",
    bytes: Uint8Array.of(0, 0, 0, 14, 6, ...new Uint8Array(13)),
    lengthMax: 99,
  },
  {
    given: "a choke before a request",
    bytes: Buffer.concat([encodeMessage({ kind: "choke" }), whole]),
    lengthMax: 99,
  },
  { given: "a request beyond lengthMax", bytes: whole, lengthMax: 12 },
] as const;

for (const { given, bytes, lengthMax } of notTaken) {
  test(`nextRequest() given ${given} leaves it to next()`, () => {
    const decoder = new WireDecoder({ lengthMax });
    const block = givenBlock();
    decoder.push(bytes);
    equal(decoder.nextRequest(block), false);
    deepEqual(block, givenBlock());
    deepEqual(decoder.next(), decodeAll([bytes], lengthMax)[0] ?? null);
  });
}

test("WireDecoder given a long message that comes byte by byte", () => {
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

function givenBlock(): MutableBlock {
  return { piece: 0, begin: 0, length: 0 };
}

/** As a seed reads: requests by themselves, whatever else there is in between. */
function decodeInTurns(reads: readonly Uint8Array[]): (PeerMessage | WireViolation)[] {
  const decoder = new WireDecoder({ lengthMax: 1_000 });
  const block = givenBlock();
  const decoded: (PeerMessage | WireViolation)[] = [];
  for (const read of reads) {
    decoder.push(read);
    for (;;) {
      while (decoder.nextRequest(block)) decoded.push({ kind: "request", ...block });
      const next = decoder.next();
      if (next === null) break;
      decoded.push(next);
      if (next.kind === "violation") return decoded;
    }
  }
  return decoded;
}

/** Views and buffers compare by their numbers. */
function plain(message: object | undefined): object {
  return Object.fromEntries(
    Object.entries(message ?? {}).map(([key, value]) => [
      key,
      value instanceof Uint8Array ? [...value] : value,
    ]),
  );
}
