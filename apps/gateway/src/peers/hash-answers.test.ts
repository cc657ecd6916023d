import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  type HashRequest,
  hashTreeShape,
  makeMetainfo,
  parseMetainfo,
  pieceLengthAt,
  verifyHashes,
} from "@seedfleet/metainfo";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { encodeMessage, type PeerMessage } from "@seedfleet/wire";
import { decodeAll } from "@seedfleet/wire/testing";
import { CachedPiece, type CachedPieces } from "../blocks/cached-piece.ts";
import { framedLength, PieceFramer } from "../blocks/framed-piece.ts";
import type { FillWaiter } from "../fills/piece-source.ts";
import { givenTorrent } from "../testing-torrent.ts";
import { Torrent } from "../torrents/torrent.ts";
import { HashAnswers } from "./hash-answers.ts";
import {
  HASH_REQUESTS_QUEUED_MAX,
  HASHED_ANSWER_INTERVAL_MS_MIN,
  HASHED_ANSWERS_BURST_MAX,
} from "./peer-limits.ts";
import { PeerSession } from "./peer-session.ts";
import { ToldPieces } from "./told-pieces.ts";

/** 19 blocks in five pieces. */
const GIVEN = givenTorrent("hybrid", { version: "hybrid" });
const SHAPE = hashTreeShape(300_000, 65_536);
const ROOT = Uint8Array.from(GIVEN.metainfo.files[0]?.piecesRoot ?? []);

const LAYER = { piecesRoot: ROOT, baseLayer: 2, index: 0, length: 8, proofLayers: 0 };
const BLOCKS = { piecesRoot: ROOT, baseLayer: 0, index: 4, length: 4, proofLayers: 4 };
/** All blocks of the file, of five pieces. */
const ALL_BLOCKS = { ...BLOCKS, index: 0, length: 32, proofLayers: 0 };

test("HashAnswers answers of the piece layer at once", () => {
  const given = new GivenAnswers();
  given.ask(LAYER);
  verified(given.next(), LAYER);
  equal(given.next(), null);
  deepEqual(given.wanted, []);
});

test("HashAnswers brings the pieces that an answer takes, and then tells", () => {
  const given = new GivenAnswers();
  given.ask(ALL_BLOCKS);
  equal(given.next(), null);
  deepEqual(given.wanted, [0, 1, 2, 3, 4]);
  for (const piece of [4, 0, 2, 1]) given.bring(piece);
  deepEqual([given.readyCount, given.next()], [0, null]);
  given.bring(3);
  equal(given.readyCount, 1);
  verified(given.next(), ALL_BLOCKS);
});

test("HashAnswers answers one request after the other", () => {
  const given = new GivenAnswers();
  given.ask(BLOCKS);
  given.ask(LAYER);
  equal(given.next(), null);
  equal(given.next(), null);
  given.bring(1);
  verified(given.next(), BLOCKS);
  verified(given.next(), LAYER);
});

test("HashAnswers has nothing read for a peer that is gone", () => {
  const given = new GivenAnswers();
  given.ask(ALL_BLOCKS);
  equal(given.next(), null);
  equal(given.waits(4), true);
  given.stop();
  equal(given.waits(4), false);
  for (const piece of [0, 1, 2, 3, 4]) given.fail(piece);
  deepEqual([given.readyCount, given.next()], [0, null]);
});

test("HashAnswers says nothing of pieces that cannot be kept or had, and goes on", () => {
  const given = new GivenAnswers();
  given.ask(BLOCKS);
  given.ask(LAYER);
  for (let time = 0; time < 3; time += 1) {
    equal(given.next(), null);
    given.fail(1);
  }
  equal(given.wanted.length, 3);
  verified(given.next(), LAYER);
});

test("HashAnswers rejects what no tree answers", () => {
  const given = new GivenAnswers();
  const unknown = { ...LAYER, piecesRoot: new Uint8Array(32) };
  given.ask(unknown);
  deepEqual(given.next(), { kind: "hash-reject", ...unknown });
});

test("HashAnswers hashes content so often, and more as time passes", () => {
  const given = new GivenAnswers();
  given.cache(1);
  const ask = (): string | undefined => {
    given.ask(BLOCKS);
    return given.next()?.kind;
  };
  for (let time = 0; time < HASHED_ANSWERS_BURST_MAX; time += 1) equal(ask(), "hashes");
  equal(ask(), "hash-reject");
  // Of the layer, which costs nothing, there is no end.
  given.ask(LAYER);
  verified(given.next(), LAYER);
  given.clock.advance(HASHED_ANSWER_INTERVAL_MS_MIN);
  equal(ask(), "hashes");
  equal(ask(), "hash-reject");
  given.clock.advance(1_000 * HASHED_ANSWERS_BURST_MAX * HASHED_ANSWER_INTERVAL_MS_MIN);
  for (let time = 0; time < HASHED_ANSWERS_BURST_MAX; time += 1) equal(ask(), "hashes");
  equal(ask(), "hash-reject");
});

test("HashAnswers of a long file builds its tree in turns", async () => {
  const pieceCount = 40_000;
  const long = givenLayer(pieceCount);
  const piecesRoot = Uint8Array.from(long.metainfo.files[0]?.piecesRoot ?? []);
  const given = new GivenAnswers(long);
  const request = { piecesRoot, baseLayer: 0, index: 0, length: 512, proofLayers: 15 };
  given.ask(request);
  let calls = 1;
  let answer = given.next();
  for (; answer === null; calls += 1) {
    const before = given.readyCount;
    while (given.readyCount === before) await turn();
    answer = given.next();
  }
  ok(calls > 1);
  ok(answer.kind === "hashes");
  ok(verifyHashes(request, answer.hashes, hashTreeShape(16_384 * pieceCount, 16_384)));
});

test("PeerSession keeps so many hash requests, and rejects more", () => {
  const given = new GivenAnswers();
  const flood = HASH_REQUESTS_QUEUED_MAX + 5;
  for (let time = 0; time < flood; time += 1) given.ask(LAYER);
  equal(given.session.takeOutgoing().length, 5);
  for (let time = 0; time < HASH_REQUESTS_QUEUED_MAX; time += 1) verified(given.next(), LAYER);
  equal(given.next(), null);
});

/** A torrent of v2 whose pieces are a block each, and have any hashes: nobody asks for content. */
function givenLayer(pieceCount: number): typeof GIVEN {
  const pieceRoots = createHash("shake256", { outputLength: 32 * pieceCount }).digest();
  const sizeBytes = 16_384 * pieceCount;
  const files = [{ path: ["long"], lengthBytes: sizeBytes }];
  const metainfo = parseMetainfo(
    makeMetainfo({
      ...{ version: "v2", name: "long", single: true, files },
      ...{ pieceLengthBytes: 16_384, pieceRoots },
    }),
  );
  ok(metainfo.kind === "metainfo");
  return { ...GIVEN, metainfo };
}

/** A peer's answers over a cache and a store that a test fills by hand. */
class GivenAnswers {
  readonly clock = new VirtualClock();
  readonly session: PeerSession;
  readonly wanted: number[] = [];
  readyCount = 0;
  readonly #torrent: Torrent;
  readonly #content: Buffer;
  readonly #answers: HashAnswers;
  readonly #cached = new Map<number, CachedPiece>();
  readonly #waiting = new Map<number, FillWaiter>();

  constructor({ metainfo, entry, content } = GIVEN) {
    const torrent = new Torrent(metainfo, entry);
    this.#torrent = torrent;
    this.#content = content;
    const { have } = torrent;
    this.session = new PeerSession({
      ...{ shape: metainfo, have, told: ToldPieces.all(), fast: true, extensions: null },
      download: null,
      hasTree: true,
    });
    const cache: CachedPieces = {
      get: (_, piece) => this.#cached.get(piece) ?? null,
      ...{ touch() {}, pin() {}, unpin() {}, isCrowded: false },
    };
    const fills = {
      want: (_: Torrent, piece: number, { waiter }: { readonly waiter: FillWaiter }) => {
        this.wanted.push(piece);
        this.#waiting.set(piece, waiter);
      },
      prefetch() {},
    };
    const ready = (): void => {
      this.readyCount += 1;
    };
    const { session } = this;
    this.#answers = new HashAnswers(
      { clock: this.clock, cache, fills },
      { torrent, session, traceId: "0".repeat(32), ready },
    );
  }

  ask(request: HashRequest): void {
    equal(this.session.receive(encodeMessage({ kind: "hash-request", ...request }), 0), null);
  }

  next(): PeerMessage | null {
    const answer = this.#answers.next();
    const [message = null] = answer === null ? [] : decodeAll([answer], 100_000);
    ok(message?.kind !== "violation");
    return message;
  }

  cache(piece: number): void {
    const { metainfo, shelf } = this.#torrent;
    const length = pieceLengthAt(metainfo, piece);
    const framed = Buffer.alloc(framedLength(length));
    const at = piece * metainfo.pieceLengthBytes;
    const framer = new PieceFramer(framed, { piece, pieceBytes: length });
    framer.write(this.#content.subarray(at, at + length), 0);
    this.#cached.set(piece, new CachedPiece({ shelf, piece }, framed, 0));
  }

  bring(piece: number): void {
    this.cache(piece);
    this.#waiting.get(piece)?.tell("filled");
  }

  waits(piece: number): boolean | undefined {
    return this.#waiting.get(piece)?.waits();
  }

  stop(): void {
    this.#answers.stop();
  }

  fail(piece: number): void {
    this.#waiting.get(piece)?.tell("gave-up");
  }
}

function verified(message: PeerMessage | null, request: HashRequest): void {
  ok(message?.kind === "hashes");
  const { hashes, kind: _, ...range } = message;
  deepEqual({ ...range, piecesRoot: Uint8Array.from(range.piecesRoot) }, request);
  ok(verifyHashes(request, hashes, SHAPE));
}
