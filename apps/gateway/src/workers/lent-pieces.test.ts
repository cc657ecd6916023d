import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CachedPiece, Shelf } from "../blocks/cached-piece.ts";
import { PieceFramer } from "../blocks/framed-piece.ts";
import { PieceCache } from "../blocks/piece-cache.ts";
import { LeasedPieces } from "./leased-pieces.ts";
import { LentPieces } from "./lent-pieces.ts";

const BYTES_MAX = 10_000;
const PIECE_BYTES = 3_000;
const PIECES = 4;
const THREADS = 2;

const at = { thread: fc.nat(THREADS - 1), piece: fc.nat(PIECES - 1) };
const step = fc.oneof(
  fc.record({ kind: fc.constant("fill" as const), ...at }),
  fc.record({ kind: fc.constant("want" as const), ...at }),
  fc.record({ kind: fc.constant("pin" as const), ...at }),
  fc.record({ kind: fc.constant("pin" as const), ...at }),
  fc.record({ kind: fc.constant("unpin" as const), ...at }),
  fc.record({ kind: fc.constant("hear" as const), ...at }),
  fc.record({ kind: fc.constant("answer" as const), ...at }),
  fc.record({ kind: fc.constant("clear" as const), ...at }),
);

test("LentPieces and LeasedPieces never have memory used again that a thread reads", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
      const given = new GivenThreads();
      for (const each of steps) {
        given.take(each);
        given.check();
      }
      given.end();
    }),
    { numRuns: 1_000 },
  );
});

type ToThread =
  | { readonly kind: "piece"; readonly lease: number; readonly cached: CachedPiece }
  | { readonly kind: "evicted"; readonly lease: number };

/** A cache and threads that have pieces of it; messages take as long as the steps let them. */
class GivenThreads {
  readonly #cache = new PieceCache({ bytesMax: BYTES_MAX, lent: true });
  readonly #shelf = new Shelf();
  readonly #threads = Array.from({ length: THREADS }, () => new GivenThread(this.#cache));
  #filled = 0;

  constructor() {
    this.#cache.onEvicted((piece) => {
      for (const thread of this.#threads) thread.evict(piece);
    });
  }

  take({ kind, thread, piece }: { kind: string; thread: number; piece: number }): void {
    const at = this.#threads[thread];
    if (kind === "fill") this.#fill(piece);
    else if (kind === "clear") this.#cache.clear(this.#shelf);
    else if (kind === "want") {
      const cached = this.#cache.get(this.#shelf, piece);
      if (cached !== null) at?.lend(cached);
    } else if (kind === "pin") at?.pin(piece);
    else if (kind === "unpin") at?.unpin();
    else if (kind === "hear") at?.hear();
    else at?.answer();
  }

  check(): void {
    for (const thread of this.#threads) thread.check();
    const readBytes = this.#threads.reduce((sum, thread) => sum + thread.lentBytes, 0);
    ok(this.#cache.heldBytes <= BYTES_MAX + readBytes);
  }

  /** Once all is said and nothing is pinned, all that the cache forgot has come back, once. */
  end(): void {
    this.#cache.clear(this.#shelf);
    for (const thread of this.#threads) thread.settle();
    ok(this.#cache.heldBytes <= BYTES_MAX);
    for (const thread of this.#threads) {
      equal(thread.lentBytes, 0);
      deepEqual(
        [...thread.givenBack.values()].filter((times) => times !== 1),
        [],
      );
      equal(thread.givenBack.size, thread.leases.size);
    }
  }

  #fill(piece: number): void {
    this.#filled += 1;
    const bytes = Buffer.alloc(PIECE_BYTES, this.#filled);
    const framed = this.#cache.begin(PIECE_BYTES);
    new PieceFramer(framed, { piece, pieceBytes: PIECE_BYTES }).write(bytes, 0);
    this.#cache.keep({ shelf: this.#shelf, piece }, framed);
  }
}

class GivenThread {
  readonly leases = new Set<number>();
  readonly givenBack = new Map<number, number>();
  readonly #lent: LentPieces;
  readonly #pieces: LeasedPieces;
  readonly #shelf = new Shelf();
  readonly #toThread: ToThread[] = [];
  readonly #toCache: number[] = [];
  readonly #pinned: CachedPiece[] = [];
  /** What every piece held when this thread got it. */
  readonly #bytes = new Map<CachedPiece, Buffer>();
  readonly #lengths = new Map<number, number>();

  constructor(cache: PieceCache) {
    this.#lent = new LentPieces(cache);
    this.#pieces = new LeasedPieces({
      bytesMax: BYTES_MAX,
      visited: cache.visited,
      giveBack: (lease) => {
        this.givenBack.set(lease, (this.givenBack.get(lease) ?? 0) + 1);
        this.#toCache.push(lease);
      },
    });
  }

  /** Of what the cache may not use again. */
  get lentBytes(): number {
    return [...this.#lengths.values()].reduce((sum, length) => sum + length, 0);
  }

  /** A thread asks only for what it does not have, and for nothing twice at once. */
  lend(cached: CachedPiece): void {
    const isUnderWay = this.#toThread.some(
      (each) => each.kind === "piece" && each.cached.piece === cached.piece,
    );
    if (isUnderWay || this.#shelf.pieces[cached.piece] !== undefined) return;
    const lease = this.#lent.lend(cached);
    this.leases.add(lease);
    this.#lengths.set(lease, cached.framed.length);
    this.#toThread.push({ kind: "piece", lease, cached });
  }

  evict(piece: CachedPiece): void {
    const lease = this.#lent.leaseOf(piece);
    if (lease !== null) this.#toThread.push({ kind: "evicted", lease });
  }

  hear(): void {
    const message = this.#toThread.shift();
    if (message?.kind === "evicted") this.#pieces.evicted(message.lease);
    else if (message !== undefined) {
      const { cached, lease } = message;
      const { framed, slot, piece } = cached;
      this.#pieces.take({ shelf: this.#shelf, piece }, { lease, framed, slot });
      const taken = this.#shelf.pieces[piece];
      ok(taken !== undefined && taken.framed.buffer === framed.buffer);
      this.#bytes.set(taken, Buffer.from(taken.framed));
    }
  }

  answer(): void {
    const lease = this.#toCache.shift();
    if (lease === undefined) return;
    this.#lent.giveBack(lease);
    this.#lengths.delete(lease);
  }

  pin(piece: number): void {
    const cached = this.#pieces.get(this.#shelf, piece);
    if (cached === null) return;
    this.#pieces.pin(cached);
    this.#pinned.push(cached);
  }

  unpin(): void {
    const piece = this.#pinned.shift();
    if (piece !== undefined) this.#pieces.unpin(piece);
  }

  check(): void {
    const readable = this.#shelf.pieces.filter((piece) => piece !== undefined);
    for (const piece of [...readable, ...this.#pinned]) {
      ok(this.#bytes.get(piece)?.equals(piece.framed));
    }
    const pinnedBytes = [...new Set(this.#pinned)].reduce((sum, p) => sum + p.framed.length, 0);
    equal(this.#pieces.isCrowded, pinnedBytes > BYTES_MAX / 2);
  }

  settle(): void {
    while (this.#toThread.length > 0) this.hear();
    while (this.#pinned.length > 0) this.unpin();
    while (this.#toCache.length > 0) this.answer();
  }
}
