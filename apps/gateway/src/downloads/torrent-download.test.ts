import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { pieceLengthAt } from "@seedfleet/metainfo";
import type { Block, PickerPeer } from "@seedfleet/picker";
import fc from "fast-check";
import type { BlockSource } from "./block-source.ts";
import { DownloadMemory } from "./download-memory.ts";
import { TorrentDownload } from "./torrent-download.ts";

const BLOCK_BYTES = 16_384;

/** Turns that a download of so few blocks never takes. */
const TURNS_MAX = 2_000;

type Shape = { readonly pieceCount: number; readonly blocks: number; readonly lastBytes: number };

/** A source that sends what the test says; keeps what it is asked for. */
class GivenSource implements BlockSource {
  readonly peer: PickerPeer;
  readonly isCorrupt: boolean;
  readonly asked = new Map<string, Block>();
  isBanned = false;
  wakes = 0;

  constructor(download: TorrentDownload, isCorrupt = false) {
    this.peer = download.join(this);
    this.isCorrupt = isCorrupt;
  }

  cancel(block: Block): void {
    ok(this.asked.delete(keyOf(block)), "a cancel of what it is not asked for");
  }

  wake(): void {
    this.wakes += 1;
  }

  ban(): void {
    this.isBanned = true;
  }
}

/** A download and those it is from: what they send comes out right, or does not. */
class GivenDownload {
  readonly content: Buffer;
  readonly download: TorrentDownload;
  readonly pieceLengthBytes: number;
  readonly there: Bitfield;
  readonly storing: { readonly piece: number; readonly bytes: Buffer }[] = [];
  readonly sources = new Set<GivenSource>();
  usefulBytes = 0;
  receivedBytes = 0;

  constructor({ pieceCount, blocks, lastBytes }: Shape, memoryPieces = pieceCount) {
    this.pieceLengthBytes = blocks * BLOCK_BYTES;
    const sizeBytes = (pieceCount - 1) * this.pieceLengthBytes + lastBytes;
    const { pieceLengthBytes } = this;
    this.content = createHash("shake256", { outputLength: sizeBytes }).digest();
    this.there = Bitfield.empty(pieceCount);
    this.download = new TorrentDownload(
      {
        shape: { pieceCount, pieceLengthBytes, sizeBytes },
        have: this.there,
        memory: new DownloadMemory(memoryPieces * pieceLengthBytes),
        store: (piece, bytes) => this.storing.push({ piece, bytes: Buffer.from(bytes) }),
        peersFound: () => {},
        othersWait: () => false,
      },
      { below: () => 0 },
    );
  }

  source(pieces: Bitfield, isCorrupt = false): GivenSource {
    const source = new GivenSource(this.download, isCorrupt);
    this.download.setPieces(source.peer, pieces);
    this.sources.add(source);
    return source;
  }

  seed(isCorrupt = false): GivenSource {
    return this.source(Bitfield.full(this.there.pieceCount), isCorrupt);
  }

  ask(source: GivenSource, count: number): readonly Block[] {
    const blocks = this.download.ask(source.peer, count);
    for (const block of blocks) {
      ok(!source.asked.has(keyOf(block)), "a block is asked of one source twice");
      source.asked.set(keyOf(block), block);
    }
    return blocks;
  }

  /** Sends one block, wrong if the source is. */
  send(source: GivenSource, { piece, begin, length }: Block): boolean {
    const at = piece * this.pieceLengthBytes + begin;
    const data = Buffer.from(this.content.subarray(at, at + length));
    if (source.isCorrupt) data[0] = 1 + (data[0] ?? 0);
    source.asked.delete(keyOf({ piece, begin, length }));
    this.receivedBytes += data.length;
    return this.download.receive(source.peer, { piece, begin, data });
  }

  sendNext(source: GivenSource): boolean {
    const [block] = source.asked.values();
    return block !== undefined && this.send(source, block);
  }

  choke(source: GivenSource): void {
    source.asked.clear();
    this.download.giveUpAll(source.peer);
  }

  leave(source: GivenSource): void {
    this.sources.delete(source);
    this.download.leave(source.peer);
  }

  /** The store's word on the piece that waits longest. */
  judge(): void {
    const next = this.storing.shift();
    if (next === undefined) return;
    const { piece, bytes } = next;
    if (bytes.equals(this.#pieceOf(piece))) this.verified(piece);
    else this.download.failed(piece);
    for (const source of [...this.sources]) if (source.isBanned) this.leave(source);
  }

  verified(piece: number): void {
    if (!this.there.add(piece)) return;
    if (this.download.isStoring(piece)) this.usefulBytes += this.#pieceOf(piece).length;
    this.download.verified(piece);
  }

  #pieceOf(piece: number): Buffer {
    const at = piece * this.pieceLengthBytes;
    return this.content.subarray(at, at + this.pieceLengthBytes);
  }
}

function keyOf({ piece, begin, length }: Block): string {
  return `${piece} ${begin} ${length}`;
}

const anyShape = fc
  .record({ pieceCount: fc.integer({ min: 1, max: 8 }), blocks: fc.integer({ min: 1, max: 4 }) })
  .chain((shape) =>
    fc.record({
      ...{ pieceCount: fc.constant(shape.pieceCount), blocks: fc.constant(shape.blocks) },
      lastBytes: fc.integer({ min: 1, max: shape.blocks * BLOCK_BYTES }),
    }),
  );

const anyStep = fc.record({
  what: fc.constantFrom(
    ...(["ask", "ask", "send", "send", "send", "unasked", "wrong-length"] as const),
    ...(["choke", "refuse", "have", "leave", "judge", "elsewhere"] as const),
  ),
  source: fc.nat(4),
  number: fc.nat(20),
});

type Step = {
  readonly what: string;
  readonly source: number;
  readonly number: number;
};

function take(given: GivenDownload, { what, source: at, number }: Step): void {
  const piece = number % given.there.pieceCount;
  if (what === "judge") return given.judge();
  if (what === "elsewhere") return given.verified(piece);
  const source = [...given.sources][at % given.sources.size];
  if (source === undefined) return;
  const [asked] = source.asked.values();
  if (what === "ask") given.ask(source, number);
  else if (what === "send") given.sendNext(source);
  else if (what === "choke") given.choke(source);
  else if (what === "have") given.download.have(source.peer, piece);
  else if (what === "leave" && given.sources.size > 1) given.leave(source);
  else if (what === "unasked" && !source.asked.has(keyOf({ piece, begin: 0, length: 1 }))) {
    equal(given.send(source, { piece, begin: 0, length: 1 }), false);
  } else if (asked !== undefined && what === "refuse") {
    source.asked.delete(keyOf(asked));
    equal(given.download.giveUp(source.peer, asked), true);
  } else if (asked !== undefined && what === "wrong-length" && asked.length > 1) {
    equal(given.send(source, { ...asked, length: asked.length - 1 }), false);
  }
}

function finish(given: GivenDownload): void {
  given.seed();
  let turns = 0;
  for (; given.download.wantedPieces > 0; turns += 1) {
    ok(turns < TURNS_MAX, "the download does not come to its end");
    for (const source of [...given.sources]) {
      if (source.asked.size === 0) given.ask(source, 3);
      given.sendNext(source);
    }
    given.judge();
  }
  while (given.storing.length > 0) given.judge();
}

test("a TorrentDownload completes whatever else its sources do, and every byte is counted", () => {
  fc.assert(
    fc.property(
      anyShape,
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.record({ pieces: fc.nat(255), isCorrupt: fc.boolean() }), { maxLength: 4 }),
      fc.array(anyStep, { maxLength: 150 }),
      (shape, memoryPieces, sources, steps) => {
        const given = new GivenDownload(shape, memoryPieces);
        for (const { pieces, isCorrupt } of sources) {
          const bits = Bitfield.empty(shape.pieceCount);
          for (let at = 0; at < shape.pieceCount; at += 1) if ((pieces >> at) & 1) bits.add(at);
          given.source(bits, isCorrupt);
        }
        for (const step of steps) take(given, step);
        finish(given);
        const { downloadedBytes, wastedBytes } = given.download;
        equal(given.there.isFull, true);
        equal(downloadedBytes, given.receivedBytes);
        equal(downloadedBytes, given.usefulBytes + wastedBytes);
      },
    ),
    { numRuns: 60 },
  );
});

const SHAPE: Shape = { pieceCount: 2, blocks: 4, lastBytes: 20_000 };

test("a TorrentDownload bans who sent all of a corrupt piece, and asks others for it anew", () => {
  const given = new GivenDownload(SHAPE);
  const liar = given.seed(true);
  given.ask(liar, 4);
  while (given.sendNext(liar)) {}
  given.judge();
  equal(liar.isBanned, true);
  equal(given.download.wastedBytes, given.download.downloadedBytes);
  finish(given);
  equal(given.there.isFull, true);
});

test("a TorrentDownload counts as wasted what came of a piece that another brought first", () => {
  const given = new GivenDownload({ ...SHAPE, pieceCount: 1, lastBytes: 4 * BLOCK_BYTES });
  const source = given.seed();
  const [first] = given.ask(source, 2);
  ok(first !== undefined);
  given.send(source, first);
  given.verified(0);
  equal(given.download.wastedBytes, BLOCK_BYTES);
  equal(source.asked.size, 0);
  equal(given.download.isInteresting(source.peer), false);
});

test("a TorrentDownload that is paused asks for nothing, and wakes its sources afterwards", () => {
  const given = new GivenDownload(SHAPE);
  const source = given.seed();
  given.download.pause("the disk is full");
  equal(given.download.pausedBecause, "the disk is full");
  deepEqual(given.ask(source, 4), []);
  const { wakes } = source;
  given.download.resume();
  equal(source.wakes, wakes + 1);
  equal(given.ask(source, 4).length, 4);
});

test("a TorrentDownload rather fetches the pieces that are its own", () => {
  const given = new GivenDownload({ pieceCount: 4, blocks: 1, lastBytes: BLOCK_BYTES });
  const source = given.seed();
  given.download.prefer((piece) => piece === 2);
  equal(given.ask(source, 1)[0]?.piece, 2);
  equal(given.ask(source, 4).length, 3);
});

test("a TorrentDownload begins no more pieces than memory allows, and one in any case", () => {
  const given = new GivenDownload({ pieceCount: 4, blocks: 2, lastBytes: 1 }, 0.5);
  const source = given.seed();
  deepEqual(new Set(given.ask(source, 8).map(({ piece }) => piece)).size, 1);
  equal(pieceLengthAt(given.download.shape, 3), 1);
});
