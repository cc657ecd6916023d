import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SUPER_SEED_OWED_MAX, SuperSeed } from "./super-seed.ts";

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

test("SuperSeed offers more on trust to who passes on, as much as it has shown", () => {
  const count = 3 * SUPER_SEED_OWED_MAX;
  const swarm = givenSwarm(count, ["a", "b", "lurker"]);
  let sent = 0;
  const gotten: number[] = [];
  /** How many pieces it gets in a row that nobody takes from it. */
  const owes = (): number => {
    let owed = 0;
    for (let piece = swarm.next("a", 0); piece !== null; piece = swarm.next("a", 0)) {
      swarm.has("a", piece);
      gotten.push(piece);
      owed += 1;
      sent += 1;
    }
    return owed;
  };
  equal(owes(), 1, "a stranger gets one");
  swarm.has("b", gotten[0] ?? -1);
  equal(owes(), 2, "the next, and one on trust");
  for (const piece of gotten) swarm.has("b", piece);
  equal(owes(), 4);
  for (const piece of gotten) swarm.has("b", piece);
  equal(owes(), 1 + SUPER_SEED_OWED_MAX - 1, "as much as anybody");
  swarm.lapsed("a");
  equal(owes(), 1, "who was waited for in vain is a stranger again");
  ok(sent < count);
});

test("SuperSeed keeps to itself what enough peers have", () => {
  const swarm = givenSwarm(2, ["a", "b", "c"]);
  for (const leecher of ["a", "b"]) swarm.has(leecher, 0);
  swarm.has("a", 1);
  equal(swarm.next("c", 0, 0), null);
  equal(swarm.next("c", 0, 1), 1);
});

/** As `SuperSeed`, by looking at every peer and every piece each time. */
class SlowSuperSeed {
  readonly pieceCount: number;
  readonly peers = new Map<
    string,
    {
      have: Set<number>;
      told: Set<number>;
      offer: number | null;
      wasShown: boolean;
      owed: Set<number>;
      trust: number;
    }
  >();

  constructor(pieceCount: number) {
    this.pieceCount = pieceCount;
  }

  joined(leecher: string, pieces: readonly number[]): void {
    if (this.peers.has(leecher)) return;
    this.peers.set(leecher, {
      ...{ have: new Set(), told: new Set(), offer: null, wasShown: false },
      ...{ owed: new Set(), trust: 0 },
    });
    for (const piece of pieces) this.has(leecher, piece);
  }

  has(leecher: string, piece: number): void {
    const peer = this.peers.get(leecher);
    if (peer === undefined || peer.have.has(piece)) return;
    peer.have.add(piece);
    for (const other of this.peers.values()) {
      if (other === peer) continue;
      const isNews = other.offer === piece && !other.wasShown;
      const wasOwed = other.owed.delete(piece);
      if (isNews || wasOwed) other.trust = Math.min(SUPER_SEED_OWED_MAX, other.trust + 1);
      if (other.offer === piece) other.wasShown = true;
    }
  }

  left(leecher: string): void {
    this.peers.delete(leecher);
  }

  lapsed(leecher: string): void {
    const peer = this.peers.get(leecher);
    if (peer === undefined) return;
    peer.offer = null;
    peer.owed.clear();
    peer.trust = 0;
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
    const { have, told, offer, owed, trust } = peer;
    if (offer !== null && !have.has(offer)) return [];
    if (this.isOwed(leecher) && owed.size >= trust) return [];
    const all = Array.from({ length: this.pieceCount }, (_, piece) => piece);
    const wanted = all.filter((piece) => !have.has(piece) && !told.has(piece));
    const least = Math.min(...wanted.map((piece) => this.copiesOf(piece)));
    return wanted.filter((piece) => this.copiesOf(piece) === least);
  }

  told(leecher: string, piece: number): void {
    const peer = this.peers.get(leecher);
    if (peer === undefined) return;
    if (this.isOwed(leecher)) peer.owed.add(peer.offer ?? -1);
    peer.told.add(piece);
    peer.offer = piece;
    peer.wasShown = false;
  }

  /** Whether it has got its offer, and others lack it and have not got it from there. */
  isOwed(leecher: string): boolean {
    const { offer = null, wasShown = false } = this.peers.get(leecher) ?? {};
    if (offer === null || wasShown) return false;
    const lacking = [...this.peers.values()].filter(({ have }) => !have.has(offer));
    return lacking.length > 0;
  }
}

const PIECES = 10;
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
    fc.property(fc.array(anyStep, { maxLength: 200, size: "max" }), (steps) => {
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
