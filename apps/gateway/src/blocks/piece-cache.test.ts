import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CachedPiece, Shelf } from "./cached-piece.ts";
import { framedLength, PieceFramer, unframed } from "./framed-piece.ts";
import { ARRIVING_SHARE_MAX, PieceCache } from "./piece-cache.ts";

const BYTES_MAX = 10_000;
const PIECES = 6;

type Step =
  | {
      readonly kind: "put";
      readonly shelf: number;
      readonly piece: number;
      readonly length: number;
    }
  | { readonly kind: "expect"; readonly length: number }
  | { readonly kind: "arrive"; readonly shelf: number; readonly piece: number }
  | { readonly kind: "give up"; readonly isWritten: boolean }
  | { readonly kind: "pin"; readonly shelf: number; readonly piece: number; readonly mark: number }
  | { readonly kind: "unpin"; readonly shelf: number }
  | { readonly kind: "clear"; readonly shelf: number };

const anyPlace = { shelf: fc.nat(1), piece: fc.nat(PIECES - 1) };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("put" as const),
    ...anyPlace,
    length: fc.oneof(fc.constant(3_000), fc.integer({ min: 1, max: 4_500 })),
  }),
  fc.record({ kind: fc.constant("expect" as const), length: fc.integer({ min: 1, max: 2_000 }) }),
  fc.record({ kind: fc.constant("arrive" as const), ...anyPlace }),
  fc.record({ kind: fc.constant("give up" as const), isWritten: fc.boolean() }),
  fc.record({ kind: fc.constant("pin" as const), ...anyPlace, mark: fc.constantFrom(1, 2, 4) }),
  fc.record({ kind: fc.constant("unpin" as const), shelf: fc.nat(1) }),
  fc.record({ kind: fc.constant("clear" as const), shelf: fc.nat(1) }),
);

test("PieceCache gives what was put, keeps what is pinned, and holds no more than it may", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
      const given = new GivenCache();
      for (const [turn, step] of steps.entries()) {
        given.take(step, turn);
        given.check();
      }
      given.unpinAll();
      given.giveUpAll();
      given.check();
      ok(given.cache.heldBytes <= BYTES_MAX * (1 + ARRIVING_SHARE_MAX));
    }),
  );
});

/** A cache beside what it should hold; pieces are filled with the number of their turn. */
class GivenCache {
  readonly evicted: CachedPiece[] = [];
  readonly cache: PieceCache = new PieceCache({ bytesMax: BYTES_MAX });
  readonly #shelves = [new Shelf(), new Shelf()];
  readonly #filledWith = new Map<CachedPiece, number>();
  readonly #pinned: CachedPiece[] = [];
  readonly #expected: Buffer[] = [];

  constructor() {
    this.cache.onEvicted((piece) => this.evicted.push(piece));
  }

  take(step: Step, turn: number): void {
    const shelf = this.#shelves["shelf" in step ? step.shelf : 0] ?? new Shelf();
    if (step.kind === "clear") this.cache.clear(shelf);
    else if (step.kind === "unpin") this.#unpinOne();
    else if (step.kind === "expect") {
      const expected = this.cache.expect(step.length);
      if (expected !== null) this.#expected.push(expected);
      // Whoever reads writes there at any time.
      for (const framed of this.#expected) framed.fill(255 - (turn % 2));
    } else if (step.kind === "arrive") this.#arrive(shelf, step.piece, turn);
    else if (step.kind === "give up") {
      const expected = this.#expected.shift();
      if (expected !== undefined) this.cache.giveUp(expected, step);
    } else if (step.kind === "put") {
      const bytes = Buffer.alloc(step.length, turn);
      const cached = put(this.cache, shelf, step.piece, bytes);
      this.#filledWith.set(cached, turn);
      equal(this.cache.get(shelf, step.piece), cached);
    } else {
      const cached = this.cache.get(shelf, step.piece);
      if (cached === null) return;
      this.cache.touch(cached, step.mark);
      this.cache.pin(cached);
      this.#pinned.push(cached);
    }
  }

  check(): void {
    const cached = this.#shelves.flatMap(({ pieces }) =>
      pieces.filter((each) => each !== undefined),
    );
    equal(
      this.cache.byteLength,
      cached.reduce((sum, { framed }) => sum + framed.length, 0),
    );
    for (const piece of [...cached, ...this.#pinned]) {
      const [data = Buffer.of()] = unframed(piece.framed, 0, piece.framed.length - 13);
      const turn = (this.#filledWith.get(piece) ?? -1) % 256;
      ok(data.every((byte) => byte === turn));
    }
    equal(new Set(cached.map(({ slot }) => slot)).size, cached.length);
    ok(this.evicted.every((piece) => !piece.cached && !cached.includes(piece)));
    // What is pinned may go over the budget; all else never does.
    const pinnedBytes = new Set(this.#pinned).values().reduce((sum, p) => sum + p.framed.length, 0);
    ok(this.cache.byteLength <= BYTES_MAX);
    ok(this.cache.heldBytes <= BYTES_MAX * (1 + ARRIVING_SHARE_MAX) + pinnedBytes);
  }

  giveUpAll(): void {
    for (const expected of this.#expected.splice(0)) {
      this.cache.giveUp(expected, { isWritten: false });
    }
  }

  #arrive(shelf: Shelf, piece: number, turn: number): void {
    const expected = this.#expected.shift();
    if (expected === undefined) return;
    expected.fill(turn);
    const cached = this.cache.keep({ shelf, piece }, expected);
    equal(cached.framed, expected);
    this.#filledWith.set(cached, turn);
  }

  unpinAll(): void {
    while (this.#pinned.length > 0) this.#unpinOne();
  }

  #unpinOne(): void {
    const piece = this.#pinned.shift();
    if (piece !== undefined) this.cache.unpin(piece);
  }
}

test("PieceCache.expect() forgets nothing before the piece is there, and uses memory again", () => {
  const cache = new PieceCache({ bytesMax: 100_000 });
  const shelf = new Shelf();
  for (let piece = 0; piece < 30; piece += 1) put(cache, shelf, piece, Buffer.alloc(4_000, piece));
  const { size } = shelf;
  const expected: Buffer[] = [];
  for (let next = cache.expect(4_000); next !== null; next = cache.expect(4_000)) {
    expected.push(next);
  }
  equal(expected.length, Math.floor((100_000 * ARRIVING_SHARE_MAX) / framedLength(4_000)));
  equal(shelf.size, size);
  const memory = new Set<unknown>();
  for (let piece = 30; piece < 300; piece += 1) {
    const next = expected.shift();
    ok(next !== undefined);
    memory.add(next.buffer);
    cache.keep({ shelf, piece }, next);
    const another = cache.expect(4_000);
    ok(another !== null);
    expected.push(another);
    ok(shelf.size === size && cache.heldBytes <= 100_000 * (1 + ARRIVING_SHARE_MAX));
  }
  // As much as is cached and on its way, however many pieces came through it.
  ok(memory.size <= size + expected.length, `${memory.size}`);
});

test("PieceCache given a piece larger than the whole budget keeps it alone", () => {
  const cache = new PieceCache({ bytesMax: 5_000 });
  const shelf = new Shelf();
  put(cache, shelf, 0, Buffer.alloc(10));
  put(cache, shelf, 1, Buffer.alloc(20_000));
  equal(cache.get(shelf, 0), null);
  equal(cache.get(shelf, 1)?.framed.length, framedLength(20_000));
  put(cache, shelf, 2, Buffer.alloc(10));
  deepEqual([cache.get(shelf, 1), cache.byteLength], [null, framedLength(10)]);
});

test("PieceCache given a piece in place of another of its length uses its memory again", () => {
  const cache = new PieceCache({ bytesMax: 5_000 });
  const shelf = new Shelf();
  const first = put(cache, shelf, 0, Buffer.alloc(4_000, 1));
  const second = put(cache, shelf, 1, Buffer.alloc(4_000, 2));
  equal(second.framed.buffer, first.framed.buffer);
});

test("PieceCache given a pinned piece to forget leaves its bytes until it is unpinned", () => {
  const cache = new PieceCache({ bytesMax: 5_000 });
  const shelf = new Shelf();
  const first = put(cache, shelf, 0, Buffer.alloc(4_000, 1));
  cache.pin(first);
  const second = put(cache, shelf, 1, Buffer.alloc(4_000, 2));
  equal(cache.get(shelf, 0), null);
  ok(second.framed.buffer !== first.framed.buffer);
  deepEqual([first.framed[13], cache.isCrowded], [1, true]);
  cache.unpin(first);
  ok(cache.heldBytes <= 5_000 && !cache.isCrowded);
});

test("PieceCache given a lease leaves the bytes until they are given back", () => {
  const evicted: number[] = [];
  const cache = new PieceCache({ bytesMax: 5_000, lent: true });
  cache.onEvicted(({ piece }) => evicted.push(piece));
  const shelf = new Shelf();
  const first = put(cache, shelf, 0, Buffer.alloc(4_000, 1));
  ok(first.framed.buffer instanceof SharedArrayBuffer);
  cache.lease(first);
  put(cache, shelf, 1, Buffer.alloc(4_000, 2));
  deepEqual([evicted, first.framed[13]], [[0], 1]);
  cache.giveBack(first);
  ok(cache.heldBytes <= 5_000);
});

test("PieceCache whose pieces are all with threads forgets one for another, not all", () => {
  const evicted: CachedPiece[] = [];
  const cache = new PieceCache({ bytesMax: 100_000, lent: true });
  cache.onEvicted((piece) => evicted.push(piece));
  const shelf = new Shelf();
  for (let piece = 0; piece < 60; piece += 1) {
    cache.lease(put(cache, shelf, piece, Buffer.alloc(4_000, piece)));
    // A thread gives back some messages later.
    for (const given of evicted.splice(0, evicted.length - 1)) cache.giveBack(given);
    ok(cache.heldBytes <= 100_000);
    if (piece >= 22) ok(shelf.size >= 22, `${shelf.size} pieces`);
  }
});

test("PieceCache whose threads keep what is forgotten has fewer pieces, but some", () => {
  const cache = new PieceCache({ bytesMax: 100_000, lent: true });
  const shelf = new Shelf();
  for (let piece = 0; piece < 60; piece += 1) {
    cache.lease(put(cache, shelf, piece, Buffer.alloc(4_000, piece)));
  }
  ok(cache.byteLength <= 50_000 && cache.byteLength > 45_000, `${cache.byteLength}`);
});

test("PieceCache counts what is copied to it before it is kept, and makes room for it", () => {
  const cache = new PieceCache({ bytesMax: 10_000, shared: true });
  const shelf = new Shelf();
  put(cache, shelf, 0, Buffer.alloc(4_000));
  put(cache, shelf, 1, Buffer.alloc(4_000));
  const begun = [cache.begin(4_000), cache.begin(4_000)];
  equal(cache.byteLength + 2 * framedLength(4_000), cache.heldBytes);
  ok(cache.heldBytes <= 10_000);
  ok(begun.every(({ buffer }) => buffer instanceof SharedArrayBuffer));
  ok(begun[0]?.buffer !== begun[1]?.buffer);
  for (const [piece, framed] of begun.entries()) cache.keep({ shelf, piece }, framed);
  deepEqual([cache.byteLength, cache.heldBytes], [2 * framedLength(4_000), cache.byteLength]);
});

test("PieceCache given bytes that are not right keeps what was there, and no memory", () => {
  const cache = new PieceCache({ bytesMax: 10_000 });
  const shelf = new Shelf();
  const first = put(cache, shelf, 0, Buffer.alloc(4_000, 1));
  const framed = cache.begin(4_000);
  equal(framed.length, framedLength(4_000));
  framed.fill(2);
  cache.giveUp(framed, { isWritten: false });
  equal(cache.get(shelf, 0), first);
  deepEqual([first.framed[13], cache.byteLength], [1, framedLength(4_000)]);
  ok(cache.heldBytes <= 10_000);
});

function put(cache: PieceCache, ...[shelf, piece, bytes]: [Shelf, number, Buffer]): CachedPiece {
  const framed = cache.begin(bytes.length);
  const framer = new PieceFramer(framed, { piece, pieceBytes: bytes.length });
  framer.write(bytes.subarray(0, 1), 0);
  framer.write(bytes.subarray(1), 1);
  return cache.keep({ shelf, piece }, framed);
}
