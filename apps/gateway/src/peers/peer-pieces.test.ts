import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ALL_OR_NONE_SAID_MAX } from "./peer-limits.ts";
import { PeerPieces } from "./peer-pieces.ts";

const PIECES = 11;

const wrong = [
  { given: "too short", bits: Uint8Array.of(0xff) },
  { given: "too long", bits: Uint8Array.of(0, 0, 0) },
  { given: "with a spare bit", bits: Uint8Array.of(0, 0b0001_0000) },
  { given: "empty", bits: new Uint8Array(0) },
] as const;

for (const { given, bits } of wrong) {
  test(`PeerPieces.setBitfield() given one ${given} refuses it, and stays as it was`, () => {
    const pieces = new PeerPieces(PIECES);
    pieces.add(3);
    equal(pieces.setBitfield(bits), false);
    deepEqual(had(pieces), [3]);
  });
}

test("PeerPieces keeps no view of the bitfield that came", () => {
  const pieces = new PeerPieces(PIECES);
  const bits = Buffer.of(0b1000_0000, 0);
  pieces.setBitfield(bits);
  bits.fill(0xff);
  deepEqual(had(pieces), [0]);
});

test("PeerPieces given all or none again and again refuses it in the end", () => {
  const pieces = new PeerPieces(PIECES);
  for (let time = 0; time < ALL_OR_NONE_SAID_MAX; time += 1) {
    equal(
      pieces.receive({ kind: time % 2 === 0 ? "have-all" : "have-none" }, { fast: true }),
      null,
    );
  }
  for (let time = 0; time < 100; time += 1) {
    equal(pieces.receive({ kind: "bitfield", bits: Uint8Array.of(0, 0) }, { fast: true }), null);
  }
  equal(pieces.receive({ kind: "have-all" }, { fast: true }), "pieces-flood");
});

test("PeerPieces of a peer that loses and has a piece in turn makes no bitfield each time", () => {
  const pieces = new PeerPieces(PIECES);
  pieces.setAll();
  ok(pieces.remove(3));
  const { bits } = pieces;
  pieces.add(3);
  ok(pieces.isFull);
  ok(pieces.remove(3));
  equal(pieces.bits, bits);
  equal(pieces.remove(3), false);
});

const anyPiece = fc.nat(PIECES - 1);
const anyStep = fc.oneof(
  fc.record({ kind: fc.constantFrom("add" as const, "remove" as const), piece: anyPiece }),
  fc.record({ kind: fc.constantFrom("all" as const, "none" as const) }),
  fc.record({
    kind: fc.constant("lost" as const),
    piece: fc.integer({ min: PIECES, max: 2 ** 32 }),
  }),
  fc.record({ kind: fc.constant("bitfield" as const), pieces: fc.uniqueArray(anyPiece) }),
);

test("PeerPieces has what a plain set has, whatever a peer says", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
      const pieces = new PeerPieces(PIECES);
      let model = new Set<number>();
      for (const step of steps) {
        if (step.kind === "add") {
          pieces.add(step.piece);
          model.add(step.piece);
        } else if (step.kind === "remove" || step.kind === "lost") {
          pieces.remove(step.piece);
          model.delete(step.piece);
        } else if (step.kind === "bitfield") {
          equal(pieces.setBitfield(bitsOf(step.pieces)), true);
          model = new Set(step.pieces);
        } else {
          if (step.kind === "all") pieces.setAll();
          else pieces.setNone();
          model = new Set(step.kind === "all" ? Array(PIECES).keys() : []);
        }
        deepEqual(
          had(pieces),
          [...model].toSorted((a, b) => a - b),
        );
        equal(pieces.isFull, model.size === PIECES);
      }
    }),
  );
});

function had(pieces: PeerPieces): readonly number[] {
  return [...Array(PIECES).keys()].filter((piece) => pieces.has(piece));
}

function bitsOf(pieces: readonly number[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(PIECES / 8));
  for (const piece of pieces) {
    bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7));
  }
  return bits;
}

test("PeerPieces keeps what is said for who asks, and all at once but once", () => {
  const pieces = new PeerPieces(10, { keepsNews: true });
  equal(pieces.takeNews(), null);
  pieces.setNone();
  deepEqual(pieces.takeNews(), []);
  pieces.add(3);
  pieces.add(3);
  pieces.add(5);
  deepEqual(pieces.takeNews(), [3, 5]);
  pieces.setAll();
  pieces.add(7);
  equal(pieces.takeNews(), null);

  const first = new PeerPieces(3, { keepsNews: true });
  ok(first.setBitfield(Uint8Array.of(0b1010_0000)));
  deepEqual(first.takeNews(), [0, 2]);
  const quiet = new PeerPieces(3);
  quiet.add(1);
  equal(quiet.takeNews(), null);
});
