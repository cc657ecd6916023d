import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { visitorMark } from "@seedfleet/eviction";
import { pieceLengthAt, pieceProof } from "@seedfleet/metainfo";
import { BLOCK_BYTES } from "@seedfleet/wire";
import { AskedPieces } from "../blocks/asked-pieces.ts";
import { framedLength, unframed } from "../blocks/framed-piece.ts";
import { STRETCH_BYTES, type Stretch } from "../blocks/stretch.ts";
import { givenTorrent } from "../testing-torrent.ts";
import { Torrent } from "../torrents/torrent.ts";
import {
  PASSING_HELD_TIMES_MAX,
  PASSING_STRETCHES_MIN,
  PassingStretches,
} from "./passing-stretches.ts";
import { PieceSeals, SEAL_KEY_BYTES } from "./piece-seals.ts";
import { takePiece } from "./take-piece.ts";

const PIECE_BYTES = 2 * STRETCH_BYTES;
const GIVEN = givenTorrent("large", {
  sizeBytes: 12 * PIECE_BYTES + STRETCH_BYTES + 20_000,
  pieceLengthBytes: PIECE_BYTES,
});
const LAST = GIVEN.metainfo.pieceCount - 1;
const CACHE_BYTES = 16 * PIECE_BYTES;

test("PassingStretches.take() gives blocks of pieces that were verified, as they are sent", () => {
  const { passing, ask, reads } = given();
  for (const piece of [0, LAST]) {
    const pieceBytes = pieceLengthAt(GIVEN.metainfo, piece);
    for (let begin = 0; begin < pieceBytes; begin += BLOCK_BYTES) {
      const stretch = ask(piece, begin);
      ok(stretch !== null);
      const length = Math.min(BLOCK_BYTES, pieceBytes - begin);
      ok(bytesOf(stretch, begin, length).equals(contentOf(piece, begin, length)));
      stretch.leftBytes -= length;
      passing.release(stretch);
    }
  }
  // One read for each stretch, though its blocks were asked for one after the other.
  deepEqual(
    reads.map(({ piece, begin, length }) => [piece, begin, length]),
    [
      [0, 0, STRETCH_BYTES],
      [0, STRETCH_BYTES, STRETCH_BYTES],
      [LAST, 0, STRETCH_BYTES],
      [LAST, STRETCH_BYTES, 20_000],
    ],
  );
  equal(passing.readBytes, 3 * STRETCH_BYTES + 20_000);
});

test("PassingStretches.take() gives nothing that was not verified before", () => {
  const { ask, reads } = given({ verified: [0] });
  ok(ask(1, 0) === null);
  equal(reads.length, 0);
  ok(ask(0, 0) !== null);
});

test("PassingStretches.take() gives nothing where a bit has changed, in that stretch alone", () => {
  const { ask, bytes } = given();
  const at = STRETCH_BYTES + 5;
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  ok(ask(0, 0) !== null);
  ok(ask(0, STRETCH_BYTES) === null);
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  ok(ask(0, STRETCH_BYTES) !== null);
});

test("PassingStretches.take() gives nothing that would have to be waited for", () => {
  const { torrent, ask } = given();
  torrent.readAtOnce = () => false;
  ok(ask(0, 0) === null);
  torrent.readAtOnce = null;
  ok(ask(0, 0) === null);
});

for (const [title, begin, length] of [
  ["begins elsewhere", 100, BLOCK_BYTES],
  ["is short", 0, BLOCK_BYTES - 1],
  ["is long", 0, 2 * BLOCK_BYTES],
] as const) {
  test(`PassingStretches.take() leaves a block that ${title} to the cache`, () => {
    const { ask, reads } = given();
    ok(ask(0, begin, { length }) === null);
    equal(reads.length, 0);
  });
}

test("PassingStretches.take() leaves to the cache what a second peer asks for", () => {
  const { passing, ask } = given();
  for (const begin of [0, STRETCH_BYTES]) {
    const stretch = ask(0, begin);
    ok(stretch !== null);
    stretch.leftBytes = 0;
    passing.release(stretch);
  }
  ok(ask(0, 0, { peer: 2 }) === null);
  ok(ask(0, 0, { peer: 1 }) === null);
  ok(ask(1, 0, { peer: 2 }) !== null);
});

test("PassingStretches never uses memory again that a socket may still read", () => {
  const { passing, ask } = given();
  const held = Array.from({ length: 2 * LAST }, (_, stretch) => {
    const [piece, begin] = [stretch >> 1, (stretch % 2) * STRETCH_BYTES];
    const found = ask(piece, begin);
    ok(found !== null);
    found.leftBytes = 0;
    return { found, piece, begin };
  });
  ok(held.length > PASSING_STRETCHES_MIN && passing.isCrowded);
  for (const { found, piece, begin } of held) {
    ok(bytesOf(found, begin, STRETCH_BYTES).equals(contentOf(piece, begin, STRETCH_BYTES)));
  }
  for (const { found } of held) passing.release(found);
  equal(passing.isCrowded, false);
});

test("PassingStretches keeps what is not asked for to the end, but not without bounds", () => {
  const { passing, ask, reads } = given();
  const pass = (piece: number, begin: number): void => {
    const stretch = ask(piece, begin);
    ok(stretch !== null);
    stretch.leftBytes -= BLOCK_BYTES;
    passing.release(stretch);
  };
  for (let stretch = 0; stretch < PASSING_STRETCHES_MIN; stretch += 1) {
    pass(stretch >> 1, (stretch % 2) * STRETCH_BYTES);
  }
  pass(0, BLOCK_BYTES);
  equal(reads.length, PASSING_STRETCHES_MIN);
  // The second one was not used for the longest time.
  pass(10, 0);
  pass(0, 2 * BLOCK_BYTES);
  equal(reads.length, PASSING_STRETCHES_MIN + 1);
  pass(0, STRETCH_BYTES + BLOCK_BYTES);
  equal(reads.length, PASSING_STRETCHES_MIN + 2);
});

test("PassingStretches leaves more to the cache when sockets hold as much as may be", () => {
  const { passing, ask, another } = given();
  const held: Stretch[] = [];
  const hold = (torrent?: Torrent): Stretch | null => {
    for (let stretch = 0; stretch < 2 * LAST; stretch += 1) {
      const found = ask(stretch >> 1, (stretch % 2) * STRETCH_BYTES, torrent && { torrent });
      if (found === null) return null;
      found.leftBytes = 0;
      held.push(found);
    }
    return held.at(-1) ?? null;
  };
  hold();
  while (hold(another()) !== null);
  equal(held.length, PASSING_STRETCHES_MIN * PASSING_HELD_TIMES_MAX);
  const [first] = held;
  ok(first);
  passing.release(first);
  ok(ask(LAST - 1, 0, { torrent: another() }) !== null);
});

type AskedBy = {
  readonly peer?: number;
  readonly length?: number;
  readonly torrent?: Torrent;
};

type Read = { readonly piece: number; readonly begin: number; readonly length: number };

function given({ verified }: { readonly verified?: readonly number[] } = {}) {
  const seals = new PieceSeals(new Uint8Array(SEAL_KEY_BYTES).fill(3));
  const asked = new AskedPieces({ cacheBytes: CACHE_BYTES });
  const passing = new PassingStretches({ seals, asked }, { cacheBytes: CACHE_BYTES });
  const bytes = Buffer.from(GIVEN.content);
  const reads: Read[] = [];
  const another = (): Torrent => {
    const made = new Torrent(GIVEN.metainfo, GIVEN.entry);
    for (const piece of verified ?? Array.from({ length: LAST + 1 }, (_, each) => each)) {
      const proof = pieceProof(GIVEN.metainfo, piece);
      const { lengthBytes } = proof;
      const seal = takePiece(seals, {
        ...{ place: { torrent: made.shelf.serial, index: piece, lengthBytes }, proof },
        ...{ chunks: [contentOf(piece, 0, lengthBytes)], kept: null },
        framed: Buffer.alloc(framedLength(lengthBytes)),
      });
      ok(seal !== null);
      made.sealed.keep(piece, seal);
    }
    made.readAtOnce = ({ piece, begin, length }, parts) => {
      reads.push({ piece, begin, length });
      let at = piece * PIECE_BYTES + begin;
      for (const part of parts) {
        part.set(bytes.subarray(at, at + part.length));
        at += part.length;
      }
      return true;
    };
    return made;
  };
  const first = another();
  const ask = (
    piece: number,
    begin: number,
    { peer = 1, length, torrent = first }: AskedBy = {},
  ): Stretch | null => {
    const left = pieceLengthAt(GIVEN.metainfo, piece) - begin;
    const block = { piece, begin, length: length ?? Math.min(BLOCK_BYTES, left) };
    return passing.take({ torrent, mark: visitorMark(peer) }, block);
  };
  return { passing, torrent: first, another, bytes, reads, ask };
}

function contentOf(piece: number, begin: number, length: number): Buffer {
  const at = piece * PIECE_BYTES + begin;
  return GIVEN.content.subarray(at, at + length);
}

/** The plain bytes of a part of the piece that lies in the stretch. */
function bytesOf({ framed }: Stretch, begin: number, length: number): Buffer {
  return Buffer.concat(unframed(framed, begin % STRETCH_BYTES, length));
}
