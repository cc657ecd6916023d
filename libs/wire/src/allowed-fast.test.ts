import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import fc from "fast-check";
import { allowedFast } from "./allowed-fast.ts";

const infoHash = infoHashFromBytes(new Uint8Array(20).fill(0xaa));
const given = { infoHash, host: "80.4.4.200", pieceCount: 1_313, count: 9 };

// The vectors of BEP 6.
const SEVEN = [1059, 431, 808, 1217, 287, 376, 1188];
const NINE = [...SEVEN, 353, 508];

const cases = [
  { given: "BEP 6's peer and seven pieces", request: { ...given, count: 7 }, then: SEVEN },
  { given: "BEP 6's peer and nine pieces", request: given, then: NINE },
  { given: "another address of its /24", request: { ...given, host: "80.4.4.1" }, then: NINE },
  { given: "an IPv4-mapped address", request: { ...given, host: "::ffff:80.4.4.200" }, then: NINE },
  { given: "an IPv6 address", request: { ...given, host: "2001:db8::1" }, then: [] },
  { given: "a host name", request: { ...given, host: "peer.example" }, then: [] },
  { given: "a set of nothing", request: { ...given, count: 0 }, then: [] },
  { given: "one piece", request: { ...given, pieceCount: 1 }, then: [0] },
  {
    given: "as many pieces as wanted",
    request: { ...given, pieceCount: 3, count: 3 },
    then: [0, 1, 2],
  },
  {
    given: "fewer pieces than wanted",
    request: { ...given, pieceCount: 3, count: 10 },
    then: [0, 1, 2],
  },
] as const;

for (const { given: situation, request, then } of cases) {
  test(`allowedFast() given ${situation}`, () => deepEqual(allowedFast(request), then));
}

test("allowedFast() given another network is another set", () => {
  ok(allowedFast({ ...given, host: "80.4.5.200" })[0] !== NINE[0]);
});

test("allowedFast() ends, with pieces of the torrent, none of them twice", () => {
  fc.assert(
    fc.property(
      fc.ipV4(),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(40),
      (host, pieceCount, count) => {
        const pieces = allowedFast({ infoHash, host, pieceCount, count });
        equal(new Set(pieces).size, pieces.length);
        ok(pieces.every((piece) => piece < pieceCount));
        equal(pieces.length, Math.min(pieceCount, count));
      },
    ),
  );
});

test("allowedFast() given nearly all of a large torrent gives up before it has them", () => {
  const { length } = allowedFast({ ...given, pieceCount: 100_001, count: 100_000 });
  ok(length > 0 && length <= 500);
});
