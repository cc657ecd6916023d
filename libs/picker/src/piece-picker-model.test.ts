import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import fc from "fast-check";
import { BLOCK_BYTES } from "./block-map.ts";
import type { Block, PickerPeer } from "./picker-peer.ts";
import { PiecePicker } from "./piece-picker.ts";
import { keyOf, type SlowPeer, SlowPicker } from "./slow-picker.ts";
import { seededChance } from "./testing.ts";

const PIECES = 8;
const BLOCKS = 3;
const RANDOM_FIRST = 4;

const SHAPE = {
  pieceCount: PIECES,
  pieceLengthBytes: BLOCKS * BLOCK_BYTES,
  sizeBytes: PIECES * BLOCKS * BLOCK_BYTES,
};

const peer = fc.nat(3);
const piece = fc.nat(PIECES - 1);
const anyStep = fc.oneof(
  fc.record({ step: fc.constant("join" as const) }),
  fc.record({ step: fc.constant("look" as const) }),
  fc.record({ step: fc.constant("leave" as const), peer }),
  fc.record({ step: fc.constant("have" as const), peer, piece }),
  fc.record({ step: fc.constant("lost" as const), peer, piece }),
  fc.record({ step: fc.constant("bitfield" as const), peer, pieces: fc.uniqueArray(piece) }),
  fc.record({ step: fc.constant("seed" as const), peer }),
  {
    weight: 6,
    arbitrary: fc.record({ step: fc.constant("pick" as const), peer, count: fc.nat(7) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ step: fc.constant("block" as const), peer, which: fc.nat(9) }),
  },
  fc.record({ step: fc.constant("refuse" as const), peer, which: fc.nat(9) }),
  fc.record({ step: fc.constant("choke" as const), peer }),
  fc.record({ step: fc.constant("verdict" as const), isRight: fc.boolean() }),
  fc.record({ step: fc.constant("hold" as const), piece }),
  fc.record({ step: fc.constant("let-go" as const), piece }),
  fc.record({ step: fc.constant("prefer" as const), piece, priority: fc.nat(7) }),
);

type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;
type PeerStep = Exclude<
  Step,
  { readonly step: "join" | "look" | "prefer" | "verdict" | "hold" | "let-go" }
>;
type Both = { readonly fast: PickerPeer; readonly slow: SlowPeer; asked: Block[] };

/** The picker and the slow model of it, which must agree after every step. */
class Beside {
  readonly fast: PiecePicker;
  readonly slow = new SlowPicker(PIECES, BLOCKS);
  readonly peers: Both[] = [];
  readonly whole = new Set<number>();

  constructor(seed: number) {
    const config = { shape: SHAPE, there: Bitfield.empty(PIECES), order: "rarest" } as const;
    this.fast = new PiecePicker(config, seededChance(seed));
  }

  run(step: Step): void {
    if (step.step === "look") this.agree();
    else if (step.step === "join") {
      this.peers.push({ fast: this.fast.join(), slow: this.slow.join(), asked: [] });
    } else if (step.step === "prefer") {
      this.fast.setPriority(step.piece, step.priority);
      this.slow.priorities[step.piece] = step.priority;
    } else if (step.step === "hold") {
      this.#hold(step.piece);
    } else if (step.step === "let-go") {
      this.fast.letGo(step.piece);
      this.slow.held.delete(step.piece);
    } else if (step.step === "verdict") {
      this.#verdict(step.isRight);
    } else {
      const both = this.peers[step.peer];
      if (both !== undefined) this.#ofPeer(both, step);
    }
  }

  #ofPeer(both: Both, step: PeerStep): void {
    const { fast, slow } = both;
    if (step.step === "leave") {
      this.fast.leave(fast);
      this.slow.leave(slow);
      this.peers.splice(this.peers.indexOf(both), 1);
    } else if (step.step === "have") {
      this.fast.have(fast, step.piece);
      slow.pieces.add(step.piece);
    } else if (step.step === "lost") {
      this.fast.lost(fast, step.piece);
      slow.pieces.delete(step.piece);
    } else if (step.step === "seed") {
      this.#setPieces(
        both,
        Array.from({ length: PIECES }, (_, at) => at),
      );
    } else if (step.step === "bitfield") {
      this.#setPieces(both, step.pieces);
    } else if (step.step === "pick") {
      this.#pick(both, step.count);
    } else if (step.step === "choke") {
      this.fast.giveUpAll(fast);
      this.slow.giveUpAll(slow);
      both.asked = [];
    } else {
      const block = both.asked[step.which % Math.max(1, both.asked.length)];
      if (block !== undefined) this.#ofBlock(both, block, step.step);
    }
  }

  #setPieces({ fast, slow }: Both, pieces: readonly number[]): void {
    const bits = Bitfield.empty(PIECES);
    slow.pieces.clear();
    for (const each of pieces) {
      bits.add(each);
      slow.pieces.add(each);
    }
    this.fast.setPieces(fast, bits);
  }

  /** The rules, one block after the other. */
  #pick(both: Both, count: number): void {
    const { fast, slow } = both;
    const lastResort = this.slow.lastResort(slow);
    const before = [...this.fast.pick(fast, count)];
    ok(before.length <= count);
    for (const block of before) {
      ok(!slow.asked.has(keyOf(block)), "asked twice");
      ok(slow.pieces.has(block.piece) && this.slow.mayAskFor(block.piece));
      const isBegun = this.slow.begun.has(block.piece);
      const open = this.slow.open(slow);
      if (this.slow.askedOf(block).size > 0) ok(this.slow.isEndgame, "asked of two too early");
      else if (isBegun) ok([...open, ...lastResort].includes(block.piece), "not its to get");
      else {
        deepEqual(open, [], "a begun piece comes first");
        this.#expectBest(slow, block.piece);
      }
      this.slow.ask(slow, block);
      both.asked.push(block);
    }
    if (before.length < count) {
      deepEqual(this.slow.open(slow), []);
      equal(this.slow.beginnable(slow).size, 0);
      if (count > 0 && before.length === 0) deepEqual(lastResort, []);
    }
  }

  #expectBest(slow: SlowPeer, chosen: number): void {
    const keys = this.slow.beginnable(slow);
    const best = Math.min(...keys.values());
    const key = keys.get(chosen) ?? Number.POSITIVE_INFINITY;
    const isFirst = this.slow.there.size + this.slow.begun.size < RANDOM_FIRST;
    // The first pieces are any of those that are wanted most.
    if (isFirst) equal(Math.floor(key / 1_000), Math.floor(best / 1_000));
    else equal(key, best);
  }

  #ofBlock(both: Both, block: Block, step: "block" | "refuse" | string): void {
    if (step === "refuse") {
      this.fast.giveUp(both.fast, block);
      both.asked.splice(both.asked.indexOf(block), 1);
      both.slow.asked.delete(keyOf(block));
      this.slow
        .askedOf(block)
        .values()
        .forEach(() => {});
      (this.slow.askedOf(block) as Set<SlowPeer>).delete(both.slow);
      return;
    }
    const others = [...this.slow.askedOf(block)].filter((each) => each !== both.slow);
    const received = this.fast.receive(both.fast, block);
    ok(received.kind === "taken");
    equal(received.cancel.length, others.length);
    this.slow.receive(both.slow, block);
    for (const each of this.peers) {
      each.asked = each.asked.filter((other) => keyOf(other) !== keyOf(block));
    }
    equal(received.isWhole, this.slow.isWhole(block.piece));
    if (received.isWhole) this.whole.add(block.piece);
    equal(this.fast.receive(both.fast, block).kind, "unasked");
  }

  #verdict(isRight: boolean): void {
    const [first] = this.whole;
    if (first === undefined) return;
    this.whole.delete(first);
    if (isRight) {
      this.fast.verified(first);
      this.slow.verified(first);
      return;
    }
    const senders = this.slow.senders(first);
    const blame = this.fast.failed(first);
    this.slow.failed(first);
    equal(blame.kind === "certain", senders.size === 1 && this.#isHere([...senders][0]));
  }

  #hold(held: number): void {
    const asked = this.fast.hold(held);
    equal(asked.length, this.slow.hold(held));
    for (const { peer: ofWhom, block } of asked) {
      const both = this.peers.find(({ fast }) => fast === ofWhom);
      ok(both?.asked.some((each) => keyOf(each) === keyOf(block)));
    }
    for (const each of this.peers) each.asked = each.asked.filter((block) => block.piece !== held);
  }

  #isHere(peer: SlowPeer | undefined): boolean {
    return this.peers.some(({ slow }) => slow === peer);
  }

  agree(): void {
    for (let at = 0; at < PIECES; at += 1) {
      equal(this.fast.availability(at), this.slow.availability(at));
    }
    equal(this.fast.isAllAsked, this.slow.isEndgame);
    const begun = [...this.fast.begunPieces].map(({ piece }) => piece);
    deepEqual(begun.toSorted(), [...this.slow.begun.keys()].toSorted());
    for (const { piece, isIdle, isWhole } of this.fast.begunPieces) {
      equal(isIdle, this.slow.isIdle(piece));
      equal(isWhole, this.slow.isWhole(piece));
    }
    for (const { fast, slow, asked } of this.peers) {
      equal(this.fast.isInteresting(fast), this.slow.isInteresting(slow));
      equal(fast.asked.size, asked.length);
      equal(fast.isSuspect, slow.isSuspect);
    }
  }
}

test("PiecePicker keeps the rules of a slow model, whatever peers do", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 120, size: "max" }), fc.nat(), (steps, seed) => {
      const beside = new Beside(seed);
      for (const step of [{ step: "join" }, { step: "join" }, ...steps] as const) beside.run(step);
      beside.agree();
    }),
    { numRuns: 400 },
  );
});
