import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { makeRoom } from "./eviction-policy.ts";
import { S3FifoPolicy } from "./s3-fifo-policy.ts";
import { visit, visitorMark } from "./visitors.ts";

const SLOTS_MAX = 10;

/** A cache of ten pieces of a byte each, and so a small queue of one at first. */
class TenPieces {
  readonly #visited = new Uint8Array(SLOTS_MAX);
  readonly #pieces: (string | null)[] = Array.from({ length: SLOTS_MAX }, () => null);
  readonly #keys = new Map<string, number>();
  readonly policy: S3FifoPolicy = new S3FifoPolicy({
    bytesMax: SLOTS_MAX,
    slotsMax: SLOTS_MAX,
    visited: this.#visited,
  });

  get pieces(): readonly string[] {
    return this.#pieces.flatMap((piece) => piece ?? []).toSorted();
  }

  /** Brings what is not there, for a peer or ahead of any; says whether it was there. */
  ask(piece: string, peer: number | null): boolean {
    const held = this.#pieces.indexOf(piece);
    if (held < 0) {
      makeRoom(this.policy, 1, (slot) => {
        this.#pieces[slot] = null;
        return true;
      });
      const key = this.#keys.get(piece) ?? this.#keys.size;
      this.#keys.set(piece, key);
      const slot = this.#pieces.indexOf(null);
      this.policy.insert(slot, { key, bytes: 1 });
      this.#pieces[slot] = piece;
    }
    if (peer !== null) visit(this.#visited, this.#pieces.indexOf(piece), visitorMark(peer));
    return held >= 0;
  }
}

/** Each piece in several blocks, as a peer asks for it. */
function scan(cache: TenPieces, name: string, count: number): void {
  for (let piece = 0; piece < count; piece += 1) {
    for (let block = 0; block < 4; block += 1) cache.ask(`${name}-${piece}`, 99);
  }
}

function hot(cache: TenPieces, pieces: readonly string[]): void {
  for (const peer of [1, 2, 3]) for (const piece of pieces) cache.ask(piece, peer);
}

const EIGHT = ["a", "b", "c", "d", "e", "f", "g", "h"];

test("S3FifoPolicy given a scan eight times the cache keeps what several peers asked for", () => {
  const cache = new TenPieces();
  hot(cache, EIGHT);
  scan(cache, "cold", 80);
  deepEqual(
    cache.pieces.filter((piece) => EIGHT.includes(piece)),
    EIGHT,
  );
});

test("S3FifoPolicy given a scan forgets what one peer asked for, however many blocks", () => {
  const cache = new TenPieces();
  for (const piece of EIGHT) for (let block = 0; block < 64; block += 1) cache.ask(piece, 1);
  scan(cache, "cold", 80);
  deepEqual(
    cache.pieces.filter((piece) => EIGHT.includes(piece)),
    [],
  );
});

test("S3FifoPolicy given a piece that a peer is still at lets it go round", () => {
  const cache = new TenPieces();
  const readAhead = (name: string): void => {
    for (let piece = 0; piece < 10; piece += 1) cache.ask(`${name}-${piece}`, null);
  };
  cache.ask("slow", 1);
  for (const name of ["cold", "colder", "coldest"]) {
    readAhead(name);
    equal(cache.ask("slow", 1), true, name);
  }
  readAhead("left");
  readAhead("gone");
  equal(cache.ask("slow", 1), false);
});

test("S3FifoPolicy given a piece that comes back soon keeps it through the next scan", () => {
  const cache = new TenPieces();
  hot(cache, EIGHT);
  cache.ask("late", 1);
  scan(cache, "cold", 5);
  equal(cache.ask("late", 2), false, "it was forgotten");
  scan(cache, "colder", 4);
  equal(cache.ask("late", 3), true);
});

test("S3FifoPolicy given peers in order through a torrent larger than the cache", () => {
  const cache = new TenPieces();
  const follower = 6;
  let hits = 0;
  for (let piece = 0; piece < 100; piece += 1) {
    cache.ask(`p-${piece}`, 1);
    if (piece >= follower && cache.ask(`p-${piece - follower}`, 2)) hits += 1;
  }
  // A small queue that stays at a tenth has forgotten every piece when the follower comes.
  equal(hits > 80, true, `${hits} of 94`);
});

test("S3FifoPolicy given popularity of yesterday lets it go", () => {
  const cache = new TenPieces();
  hot(cache, EIGHT);
  for (let round = 0; round < 4; round += 1) hot(cache, ["i", "j", "k", "l", "m", "n", "o", "p"]);
  const ofToday = cache.pieces.filter((piece) => piece >= "i");
  equal(ofToday.length, 8, cache.pieces.join());
});

test("S3FifoPolicy given many visitors lets them buy three rounds of the main queue", () => {
  const visited = new Uint8Array(2);
  const policy = new S3FifoPolicy({ bytesMax: 2, slotsMax: 2, visited });
  for (const slot of [0, 1]) {
    policy.insert(slot, { key: slot, bytes: 1 });
    for (const peer of [1, 2]) visit(visited, slot, visitorMark(peer));
  }
  // Both are in the main queue from here on, the first one being the older.
  equal(
    policy.victim(() => false),
    null,
  );
  for (const peer of [1, 2, 3, 4, 5, 6, 7]) visit(visited, 0, visitorMark(peer));
  for (const peer of [1, 2, 3]) visit(visited, 1, visitorMark(peer));
  equal(
    policy.victim(() => true),
    0,
  );
});
