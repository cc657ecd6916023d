import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { BLOCK_BYTES } from "./block-map.ts";
import type { PickerConfig } from "./picker-model.ts";
import type { Block, PickerPeer } from "./picker-peer.ts";
import { PiecePicker } from "./piece-picker.ts";
import { seededChance } from "./testing.ts";

type Order = PickerConfig["order"];

/** A picker of pieces of `blocks` blocks each, which has the first `there` of them. */
function given(
  pieceCount: number,
  { blocks = 1, there = 0, order = "rarest" as Order } = {},
): PiecePicker {
  const pieceLengthBytes = blocks * BLOCK_BYTES;
  const have = Bitfield.empty(pieceCount);
  for (let piece = 0; piece < there; piece += 1) have.add(piece);
  const shape = { pieceCount, pieceLengthBytes, sizeBytes: pieceCount * pieceLengthBytes };
  return new PiecePicker({ shape, there: have, order }, seededChance(7));
}

function joined(
  picker: PiecePicker,
  pieces: readonly number[] | "all",
  pieceCount = 0,
): PickerPeer {
  const peer = picker.join();
  if (pieces === "all") picker.setPieces(peer, Bitfield.full(pieceCount));
  else for (const piece of pieces) picker.have(peer, piece);
  return peer;
}

function piecesOf(blocks: readonly Block[]): readonly number[] {
  return blocks.map(({ piece }) => piece);
}

test("PiecePicker asks for the last, shorter block as it is", () => {
  const shape = { pieceCount: 1, pieceLengthBytes: 2 * BLOCK_BYTES, sizeBytes: BLOCK_BYTES + 5 };
  const config = { shape, there: Bitfield.empty(1), order: "rarest" } as const;
  const picker = new PiecePicker(config, seededChance(1));
  const peer = joined(picker, "all", 1);
  deepEqual(picker.pick(peer, 9), [
    { piece: 0, begin: 0, length: BLOCK_BYTES },
    { piece: 0, begin: BLOCK_BYTES, length: 5 },
  ]);
  equal(picker.receive(peer, { piece: 0, begin: BLOCK_BYTES, length: 6 }).kind, "unasked");
  equal(picker.receive(peer, { piece: 9, begin: 0, length: 5 }).kind, "unasked");
  equal(picker.receive(peer, { piece: 0, begin: BLOCK_BYTES, length: 5 }).kind, "taken");
});

test("PiecePicker gives a slow peer common pieces, so that rare ones do not wait for it", () => {
  const picker = given(10, { there: 4 });
  joined(picker, [5, 6, 7, 8, 9]);
  const slow = joined(picker, [4, 5, 6, 7, 8, 9]);
  slow.isSlow = true;
  ok(piecesOf(picker.pick(slow, 5)).every((piece) => piece !== 4));
  slow.isSlow = false;
  deepEqual(piecesOf(picker.pick(slow, 5)), [4]);
});

test("PiecePicker finds the one piece that a peer has, however rare all others are", () => {
  const count = 5_000;
  const picker = given(count, { there: 4 });
  const others = Array.from({ length: count - 5 }, (_, at) => at + 4);
  joined(picker, others);
  const [one, two] = [joined(picker, [count - 1]), joined(picker, [count - 1])];
  deepEqual(piecesOf(picker.pick(one, 3)), [count - 1]);
  deepEqual(piecesOf(picker.pick(two, 3)), []);
});

test("PiecePicker in sequential order asks for the first that is missing", () => {
  const picker = given(6, { there: 1, order: "sequential" });
  const one = joined(picker, [0, 2, 3, 5]);
  deepEqual(piecesOf(picker.pick(one, 2)), [2, 3]);
  const two = joined(picker, "all", 6);
  deepEqual(piecesOf(picker.pick(two, 2)), [1, 4]);
  picker.setPriority(5, 0);
  deepEqual(piecesOf(picker.pick(two, 9)).toSorted(), [2, 3]);
  picker.setPriority(5, 1);
  deepEqual(piecesOf(picker.pick(two, 1)), [5]);
});

test("PiecePicker takes what is wanted more first, and leaves out what is not", () => {
  const picker = given(6, { there: 4 });
  const peer = joined(picker, "all", 6);
  picker.setPriority(4, 7);
  deepEqual(piecesOf(picker.pick(peer, 1)), [4]);
  picker.setPriority(5, 0);
  equal(picker.wanted, 1);
  deepEqual(picker.pick(peer, 9), []);
});

test("PiecePicker gives suspects pieces of their own until one is certainly bad", () => {
  const picker = given(8, { blocks: 2, there: 4 });
  const [good, bad] = [joined(picker, "all", 8), joined(picker, "all", 8)];
  const [first] = picker.pick(good, 1);
  const [second] = picker.pick(bad, 1);
  ok(first !== undefined && second !== undefined);
  equal(first.piece, second.piece);
  picker.receive(good, first);
  const received = picker.receive(bad, second);
  ok(received.kind === "taken" && received.isWhole);
  deepEqual(picker.failed(first.piece), { kind: "suspects", peers: [good, bad] });

  const [ofGood, ofBad] = [picker.pick(good, 2), picker.pick(bad, 2)];
  equal(new Set(piecesOf(ofGood)).size, 1);
  equal(new Set(piecesOf(ofBad)).size, 1);
  ok(ofGood[0]?.piece !== ofBad[0]?.piece);
  for (const block of ofGood) picker.receive(good, block);
  for (const block of ofBad) picker.receive(bad, block);
  picker.verified(ofGood[0]?.piece ?? -1);
  equal(good.isSuspect, false);
  deepEqual(picker.failed(ofBad[0]?.piece ?? -1), { kind: "certain", peer: bad });
});

test("PiecePicker lets others go on with the piece of a suspect that left", () => {
  const picker = given(5, { blocks: 2, there: 4 });
  const [suspect, other] = [joined(picker, "all", 5), joined(picker, "all", 5)];
  suspect.isSuspect = true;
  const [block] = picker.pick(suspect, 1);
  ok(block !== undefined);
  deepEqual(picker.pick(other, 2), []);
  picker.receive(suspect, block);
  picker.leave(suspect);
  deepEqual(picker.pick(other, 2), [{ piece: 4, begin: BLOCK_BYTES, length: BLOCK_BYTES }]);
});

test("PiecePicker takes a peer for a seed once it has all, however it says so", () => {
  const picker = given(3);
  const peer = joined(picker, [0, 1, 2]);
  equal(picker.seeds, 1);
  ok(peer.isSeed);
  deepEqual([picker.availability(0), picker.availability(2)], [1, 1]);
  picker.leave(peer);
  equal(picker.availability(0), 0);
});

test("PiecePicker counts large bitfields in one go, and forgets them likewise", () => {
  const count = 20_000;
  const picker = given(count, { there: 4 });
  const half = Bitfield.empty(count);
  for (let piece = 0; piece < count; piece += 2) half.add(piece);
  const [one, two] = [picker.join(), picker.join()];
  picker.setPieces(one, half);
  picker.setPieces(two, Bitfield.full(count));
  deepEqual([picker.availability(10), picker.availability(11)], [2, 1]);
  ok(piecesOf(picker.pick(two, 100)).every((piece) => piece % 2 === 1));
  picker.leave(one);
  deepEqual([picker.availability(10), picker.availability(11)], [1, 1]);
});

test("PiecePicker begins no more pieces than it may, until one is verified", () => {
  const shape = { pieceCount: 9, pieceLengthBytes: BLOCK_BYTES, sizeBytes: 9 * BLOCK_BYTES };
  const mayBegin = (begun: number): boolean => begun < 2;
  const config = { shape, there: Bitfield.empty(9), order: "rarest", mayBegin } as const;
  const picker = new PiecePicker(config, seededChance(3));
  const peer = joined(picker, "all", 9);
  const asked = picker.pick(peer, 9);
  equal(asked.length, 2);
  const [first] = asked;
  ok(first !== undefined);
  picker.receive(peer, first);
  equal(picker.pick(peer, 9).length, 0, "it waits to be verified, in memory");
  picker.verified(first.piece);
  equal(picker.pick(peer, 9).length, 1);
});

test("PiecePicker says what need not be sent of a piece that came from elsewhere", () => {
  const picker = given(1, { blocks: 3 });
  const peer = joined(picker, "all", 1);
  const [first, ...rest] = picker.pick(peer, 3);
  ok(first !== undefined);
  picker.receive(peer, first);
  const asked = picker.verified(0);
  deepEqual(
    asked.map(({ block }) => block),
    rest,
  );
  ok(asked.every((each) => each.peer === peer));
  equal(peer.asked.size, 0);
  equal(picker.wanted, 0);
});

test("PiecePicker asked for some pieces alone asks for those, begun or not, and no other", () => {
  const picker = given(8, { blocks: 3 });
  const [one, two] = [joined(picker, "all", 8), joined(picker, [2, 3])];
  picker.pickOf(one, [3], 1);
  deepEqual(piecesOf(picker.pickOf(two, [3, 5, 2], 9)), [3, 3, 2, 2, 2]);
  deepEqual(picker.pickOf(two, [3, 5, 2], 9), []);
  picker.giveUpAll(two, (piece) => piece === 2);
  deepEqual(piecesOf(picker.pick(one, 2)), [3, 3]);
  equal(two.asked.size, 3);
});

test("PiecePicker asked for some pieces alone begins no more than it may, none unwanted", () => {
  const shape = { pieceCount: 4, pieceLengthBytes: BLOCK_BYTES, sizeBytes: 4 * BLOCK_BYTES };
  const there = Bitfield.empty(4);
  const mayBegin = (begun: number): boolean => begun < 2;
  const config = { shape, there, order: "rarest", mayBegin } as const;
  const picker = new PiecePicker(config, seededChance(1));
  picker.setPriority(1, 0);
  const peer = joined(picker, "all", 4);
  deepEqual(piecesOf(picker.pickOf(peer, [1, 0, 3, 2], 9)), [0, 3]);
});
