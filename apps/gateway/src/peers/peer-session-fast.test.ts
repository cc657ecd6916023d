import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type Block, encodeMessage, type PeerMessage } from "@seedfleet/wire";
import { decodeAll } from "@seedfleet/wire/testing";
import fc from "fast-check";
import { AllowedFastSet } from "./allowed-fast-set.ts";
import { PeerSession, type SessionOptions } from "./peer-session.ts";
import { ToldPieces } from "./told-pieces.ts";

/** Four pieces of two blocks. */
const shape = { pieceCount: 4, pieceLengthBytes: 32_768, sizeBytes: 131_072 };
const BLOCK = { piece: 0, begin: 0, length: 16_384 };
const SECOND = { piece: 0, begin: 16_384, length: 16_384 };
const OTHER = { piece: 1, begin: 0, length: 16_384 };

type Sendable = Parameters<typeof encodeMessage>[0];

const rejected: readonly { given: string; when: (session: PeerSession) => void }[] = [
  { given: "a choked peer", when: (session) => hear(session, asks(BLOCK)) },
  {
    given: "a cancel of what is queued",
    when: (session) => {
      session.unchoke();
      hear(session, asks(BLOCK), { kind: "cancel", ...BLOCK });
    },
  },
  {
    given: "a cancel of what waits for its piece",
    when: (session) => {
      session.unchoke();
      hear(session, asks(BLOCK));
      session.requests.awaitPiece(taken(session) ?? OTHER);
      hear(session, { kind: "cancel", ...BLOCK });
    },
  },
  {
    given: "a choke",
    when: (session) => {
      session.unchoke();
      hear(session, asks(BLOCK));
      session.choke();
    },
  },
  {
    given: "a gateway that finishes",
    when: (session) => {
      session.unchoke();
      session.finish();
      hear(session, asks(BLOCK));
    },
  },
  {
    given: "a piece that cannot be had",
    when: (session) => {
      session.unchoke();
      hear(session, asks(BLOCK));
      session.requests.awaitPiece(taken(session) ?? OTHER);
      session.pieceFailed(0);
    },
  },
];

for (const { given, when } of rejected) {
  test(`PeerSession given ${given} rejects the request of a peer of BEP 6, and only once`, () => {
    const session = givenSession();
    when(session);
    deepEqual(said(session), [{ kind: "reject-request", ...BLOCK }]);
    equal(session.requests.count, 0);
    session.choke();
    deepEqual(said(session), []);
  });

  test(`PeerSession given ${given} says nothing to a peer that speaks BEP 3 alone`, () => {
    const session = givenSession({ fast: false });
    when(session);
    deepEqual(said(session), []);
  });
}

test("PeerSession.pieceFailed() is false of a peer that cannot be told", () => {
  const session = givenSession({ fast: false });
  session.unchoke();
  hear(session, asks(BLOCK));
  session.requests.awaitPiece(taken(session) ?? OTHER);
  equal(session.pieceFailed(0), false);
  equal(session.requests.isAwaiting(0), true);
});

test("PeerSession rejects the request of a piece that we do not have", () => {
  const session = givenSession({ have: { has: (piece) => piece !== 1 } });
  session.unchoke();
  hear(session, asks(OTHER), asks(BLOCK));
  deepEqual(said(session), [{ kind: "reject-request", ...OTHER }]);
  deepEqual(taken(session), BLOCK);
});

test("PeerSession given a cancel of what was taken says nothing: its block is on the way", () => {
  const session = givenSession();
  session.unchoke();
  hear(session, asks(BLOCK));
  taken(session);
  hear(session, { kind: "cancel", ...BLOCK });
  deepEqual(said(session), []);
});

test("PeerSession.allowFast() says what is allowed, once, and takes that of a choked peer", () => {
  const session = givenSession();
  const allowed = new AllowedFastSet([2, 0], shape.pieceLengthBytes);
  session.allowFast(allowed);
  session.allowFast(new AllowedFastSet([1], shape.pieceLengthBytes));
  deepEqual(said(session), [
    { kind: "allowed-fast", piece: 2 },
    { kind: "allowed-fast", piece: 0 },
  ]);
  hear(session, asks(OTHER), asks(BLOCK));
  deepEqual(said(session), [{ kind: "reject-request", ...OTHER }]);
  deepEqual(taken(session), BLOCK);
});

test("PeerSession counts the bytes of allowed pieces only while the peer is choked", () => {
  const session = givenSession();
  session.allowFast(new AllowedFastSet([0], shape.pieceLengthBytes));
  said(session);
  session.unchoke();
  for (let time = 0; time < 10; time += 1) hear(session, asks(BLOCK), asks(SECOND));
  equal(session.requests.count, 20);
  session.choke();
  equal(said(session).length, 20);
  // Each of its bytes twice.
  for (let time = 0; time < 3; time += 1) hear(session, asks(BLOCK), asks(SECOND));
  equal(session.requests.count, 4);
  equal(said(session).length, 2);
});

test("PeerSession.allowFast() says nothing to a peer that speaks BEP 3 alone", () => {
  const session = givenSession({ fast: false });
  session.allowFast(new AllowedFastSet([0], shape.pieceLengthBytes));
  hear(session, asks(BLOCK));
  deepEqual([said(session), session.requests.count], [[], 0]);
});

test("PeerSession knows what a peer has by have-all, have-none and have", () => {
  const session = givenSession();
  hear(session, { kind: "have-all" });
  equal(session.peerIsSeed, true);
  hear(session, { kind: "have-none" }, { kind: "have", piece: 2 });
  deepEqual([session.peerIsSeed, session.peerHas(1), session.peerHas(2)], [false, false, true]);
});

const fastMessages: readonly Sendable[] = [
  { kind: "have-all" },
  { kind: "have-none" },
  { kind: "suggest-piece", piece: 0 },
  { kind: "allowed-fast", piece: 0 },
  { kind: "reject-request", ...BLOCK },
];

for (const message of fastMessages) {
  test(`PeerSession given ${message.kind} goes on only with who speaks BEP 6`, () => {
    equal(givenSession().receive(encodeMessage(message), 0), null);
    const code = givenSession({ fast: false }).receive(encodeMessage(message), 0)?.code;
    equal(code, "fast-not-agreed");
  });
}

/** Few blocks, so that the same is asked for, cancelled, awaited and lost again. */
const anyBlock = fc.constantFrom(BLOCK, SECOND, OTHER, { ...OTHER, piece: 3 });
const anyPiece = fc.constantFrom(0, 1, 3);
const anyStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("request" as const), block: anyBlock }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancel" as const), block: anyBlock }) },
  { weight: 3, arbitrary: fc.constant({ kind: "serve" as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: "await" as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("arrive" as const), piece: anyPiece }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fail" as const), piece: anyPiece }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose" as const), piece: anyPiece }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("choke", "unchoke", "allow", "finish") }),
  },
);

type Step = typeof anyStep extends fc.Arbitrary<infer Each> ? Each : never;

test("PeerSession answers every request of BEP 6 by one piece or one reject, ever", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
      const world = new GivenWorld();
      for (const step of steps) {
        world.take(step);
        world.check();
      }
      world.settle();
      world.check();
      equal(world.session.requests.count, 0);
    }),
    { numRuns: 400 },
  );
});

/** A session, its cache and its store in a few lines, and a count of what was answered. */
class GivenWorld {
  readonly session: PeerSession;
  readonly #lost = new Set<number>();
  readonly #asked = new Map<string, number>();
  readonly #answered = new Map<string, number>();

  constructor() {
    this.session = givenSession({ have: { has: (piece) => !this.#lost.has(piece) } });
  }

  take(step: Step): void {
    const { session } = this;
    if (step.kind === "request") {
      count(this.#asked, step.block);
      hear(session, asks(step.block));
    } else if (step.kind === "cancel") hear(session, { kind: "cancel", ...step.block });
    else if (step.kind === "serve") this.#serve();
    else if (step.kind === "await") {
      const block = taken(session);
      if (block !== null) session.requests.awaitPiece(block);
    } else if (step.kind === "arrive") session.requests.pieceArrived(step.piece);
    else if (step.kind === "fail") session.pieceFailed(step.piece);
    else if (step.kind === "lose") this.#lost.add(step.piece);
    else if (step.kind === "choke") session.choke();
    else if (step.kind === "unchoke") session.unchoke();
    else if (step.kind === "allow") session.allowFast(new AllowedFastSet([0, 1], 32_768));
    else session.finish();
  }

  /** Nobody is answered twice, and who is not answered yet is still to be. */
  check(): void {
    for (const message of said(this.session)) {
      if (message.kind === "reject-request") count(this.#answered, message);
    }
    let open = 0;
    for (const [block, asked] of this.#asked) {
      const answered = this.#answered.get(block) ?? 0;
      ok(answered <= asked, `${block} was asked for ${asked} times, answered ${answered} times`);
      open += asked - answered;
    }
    for (const block of this.#answered.keys()) ok(this.#asked.has(block));
    equal(this.session.requests.count, open);
  }

  /** All pieces come, and all that is queued is sent. */
  settle(): void {
    for (const piece of [0, 1, 3]) this.session.requests.pieceArrived(piece);
    while (this.#serve());
  }

  #serve(): boolean {
    const block = taken(this.session);
    if (block !== null) count(this.#answered, block);
    return block !== null;
  }
}

function count(counts: Map<string, number>, { piece, begin, length }: Block): void {
  const key = `${piece} ${begin} ${length}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function givenSession(differing: Partial<SessionOptions> = {}): PeerSession {
  const have = { has: () => true };
  return new PeerSession({
    ...{
      shape,
      have,
      told: ToldPieces.all(),
      fast: true,
      extensions: null,
      download: null,
      hasTree: false,
    },
    ...differing,
  });
}

function asks(block: Block): Sendable {
  return { kind: "request", ...block };
}

function hear(session: PeerSession, ...messages: readonly Sendable[]): void {
  for (const message of messages) equal(session.receive(encodeMessage(message), 0), null);
}

function said(session: PeerSession): readonly PeerMessage[] {
  return decodeAll(session.takeOutgoing()).map((message) => {
    ok(message.kind !== "violation");
    return message;
  });
}

function taken(session: PeerSession): Block | null {
  const block = { piece: 0, begin: 0, length: 0 };
  return session.requests.take(block) ? block : null;
}
