import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SuperSeed } from "./super-seed.ts";

function givenSwarm(pieceCount: number, leechers: readonly string[]): SuperSeed {
  const swarm = new SuperSeed(pieceCount);
  for (const leecher of leechers) swarm.joined(leecher, []);
  return swarm;
}

/** What the leecher is told of; fails when that is nothing. */
function offered(swarm: SuperSeed, leecher: string): number {
  const piece = swarm.next(leecher, 0);
  ok(piece !== null);
  return piece;
}

test("SuperSeed offers each peer another piece, and a second only when all were offered", () => {
  const swarm = givenSwarm(3, ["a", "b", "c", "d"]);
  const first = ["a", "b", "c"].map((leecher) => swarm.next(leecher, 0.5));
  deepEqual(first.toSorted(), [0, 1, 2]);
  ok(first.includes(swarm.next("d", 0)));
});

test("SuperSeed offers the next piece once the last was seen at another peer", () => {
  const swarm = givenSwarm(3, ["a", "b", "c"]);
  const piece = offered(swarm, "a");
  equal(swarm.next("a", 0), null);
  ok(swarm.has("a", piece));
  equal(swarm.next("a", 0), null);
  ok(!swarm.has("b", piece));
  ok(offered(swarm, "a") !== piece);
});

test("SuperSeed does not mind hearing of the other peer first", () => {
  const swarm = givenSwarm(3, ["a", "b", "c"]);
  const piece = offered(swarm, "a");
  swarm.has("b", piece);
  equal(swarm.next("a", 0), null);
  swarm.has("a", piece);
  ok(swarm.isFree("a"));
});

test("SuperSeed goes on with a peer that has nobody to pass its piece on to", () => {
  const swarm = givenSwarm(2, ["a"]);
  const first = offered(swarm, "a");
  swarm.has("a", first);
  const second = offered(swarm, "a");
  deepEqual([first, second].toSorted(), [0, 1]);
  swarm.has("a", second);
  equal(swarm.next("a", 0), null);
});

test("SuperSeed offers again what left with the peer that it was offered to", () => {
  const swarm = givenSwarm(2, ["a", "b", "c"]);
  const piece = offered(swarm, "a");
  swarm.left("a");
  deepEqual([offered(swarm, "b"), offered(swarm, "c")].toSorted(), [0, 1]);
  ok(piece < 2);
});

test("SuperSeed offers to another what lapsed, and to the peer one that it does not know", () => {
  const swarm = givenSwarm(2, ["a", "b"]);
  const piece = offered(swarm, "a");
  swarm.lapsed("a");
  equal(offered(swarm, "a"), 1 - piece);
  equal(offered(swarm, "b"), piece);
  swarm.lapsed("a");
  equal(swarm.next("a", 0), null);
});

test("SuperSeed passes over what a peer brought with it, and what peers make up", () => {
  const swarm = givenSwarm(3, ["a"]);
  swarm.joined("b", [0, 7]);
  deepEqual([offered(swarm, "a"), offered(swarm, "b")].toSorted(), [1, 2]);
  equal(swarm.next("nobody", 0), null);
});

test("SuperSeed goes on with what another state told a peer of", () => {
  const swarm = givenSwarm(4, ["a", "b"]);
  swarm.joined("c", [0], [0, 1, 2, 9]);
  equal(swarm.next("c", 0), null);
  swarm.has("c", 2);
  swarm.has("a", 2);
  equal(swarm.next("c", 0), 3);
});

/** As `SuperSeed`, by looking at every peer and every piece each time. */
class SlowSuperSeed {
  readonly pieceCount: number;
  readonly peers = new Map<
    string,
    { have: Set<number>; told: Set<number>; offer: number | null; wasShown: boolean }
  >();

  constructor(pieceCount: number) {
    this.pieceCount = pieceCount;
  }

  joined(leecher: string, pieces: readonly number[]): void {
    if (this.peers.has(leecher)) return;
    this.peers.set(leecher, { have: new Set(), told: new Set(), offer: null, wasShown: false });
    for (const piece of pieces) this.has(leecher, piece);
  }

  has(leecher: string, piece: number): void {
    const peer = this.peers.get(leecher);
    if (peer === undefined || peer.have.has(piece)) return;
    peer.have.add(piece);
    for (const other of this.peers.values()) {
      if (other !== peer && other.offer === piece) other.wasShown = true;
    }
  }

  left(leecher: string): void {
    this.peers.delete(leecher);
  }

  lapsed(leecher: string): void {
    const peer = this.peers.get(leecher);
    if (peer !== undefined) peer.offer = null;
  }

  copiesOf(piece: number): number {
    const counted = [...this.peers.values()].filter(
      ({ have, offer }) => have.has(piece) || offer === piece,
    );
    return counted.length;
  }

  /** Those that may be next. */
  candidates(leecher: string): readonly number[] {
    const peer = this.peers.get(leecher);
    if (peer === undefined) return [];
    const { have, told, offer, wasShown } = peer;
    const lacking = [...this.peers.values()].filter((each) => !each.have.has(offer ?? -1));
    const isFree = offer === null || (have.has(offer) && (wasShown || lacking.length === 0));
    if (!isFree) return [];
    const all = Array.from({ length: this.pieceCount }, (_, piece) => piece);
    const wanted = all.filter((piece) => !have.has(piece) && !told.has(piece));
    const least = Math.min(...wanted.map((piece) => this.copiesOf(piece)));
    return wanted.filter((piece) => this.copiesOf(piece) === least);
  }

  told(leecher: string, piece: number): void {
    const peer = this.peers.get(leecher);
    if (peer === undefined) return;
    peer.told.add(piece);
    peer.offer = piece;
    peer.wasShown = false;
  }
}

const PIECES = 6;
const anyLeecher = fc.constantFrom("a", "b", "c", "d");
const anyPiece = fc.nat(PIECES - 1);
const anyStep = fc.oneof(
  fc.record({
    kind: fc.constant("joined" as const),
    leecher: anyLeecher,
    pieces: fc.array(anyPiece),
  }),
  fc.record({ kind: fc.constant("has" as const), leecher: anyLeecher, piece: anyPiece }),
  fc.record({ kind: fc.constant("got" as const), leecher: anyLeecher }),
  fc.record({ kind: fc.constantFrom("left" as const, "lapsed" as const), leecher: anyLeecher }),
  fc.record({
    kind: fc.constant("next" as const),
    leecher: anyLeecher,
    chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  }),
);

test("SuperSeed offers what looking at every peer and piece would", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
      const [swarm, slow] = [new SuperSeed(PIECES), new SlowSuperSeed(PIECES)];
      for (const step of steps) {
        const { kind, leecher } = step;
        if (kind === "joined") for (const each of [swarm, slow]) each.joined(leecher, step.pieces);
        else if (kind === "has") for (const each of [swarm, slow]) each.has(leecher, step.piece);
        else if (kind === "next") {
          const piece = swarm.next(leecher, step.chance);
          const candidates = slow.candidates(leecher);
          if (piece === null) deepEqual(candidates, []);
          else ok(candidates.includes(piece), `${piece} is none of ${candidates}`);
          if (piece !== null) slow.told(leecher, piece);
        } else if (kind === "got") {
          const piece = slow.peers.get(leecher)?.offer ?? null;
          if (piece !== null) for (const each of [swarm, slow]) each.has(leecher, piece);
        } else for (const each of [swarm, slow]) each[kind](leecher);
      }
    }),
    { numRuns: 500 },
  );
});
