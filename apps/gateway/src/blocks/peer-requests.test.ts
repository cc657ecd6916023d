import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { Block } from "@seedfleet/wire";
import { CANCELS_MAX } from "../peers/peer-limits.ts";
import { PeerRequests } from "./peer-requests.ts";

const block = (piece: number, begin = 0): Block => ({ piece, begin, length: 16_384 });

test("PeerRequests.drop() gives what is queued and what waits, each once", () => {
  const requests = given(block(0), block(1), block(2));
  requests.awaitPiece(taken(requests) ?? block(9));
  deepEqual(requests.drop(), [block(1), block(2), block(0)]);
  deepEqual([requests.count, requests.isAwaiting(0), requests.drop()], [0, false, []]);
});

test("PeerRequests.takeWaiting() gives what waits for one piece, and leaves the others", () => {
  const requests = given(block(0), block(0, 16_384), block(1));
  for (let each = 0; each < 3; each += 1) requests.awaitPiece(taken(requests) ?? block(9));
  equal(requests.count, 3);
  deepEqual(requests.takeWaiting(0), [block(0), block(0, 16_384)]);
  deepEqual([requests.count, requests.isAwaiting(0), requests.isAwaiting(1)], [1, false, true]);
  deepEqual(requests.takeWaiting(0), []);
});

test("PeerRequests.cancel() given one of equal requests takes one", () => {
  const requests = given(block(0), block(0));
  requests.awaitPiece(taken(requests) ?? block(9));
  equal(requests.cancel(block(0)), true);
  equal(requests.count, 1);
  equal(requests.isAwaiting(0), true);
  equal(requests.cancel(block(0)), true);
  equal(requests.cancel(block(0)), false);
  deepEqual([requests.count, requests.isAwaiting(0)], [0, false]);
});

test("PeerRequests.cancel() looks for no more blocks than were asked for", () => {
  const requests = given(block(0), block(1), block(2));
  for (const piece of [7, 8]) equal(requests.cancel(block(piece)), false);
  deepEqual([requests.cancel(block(0)), requests.cancel(block(1))], [true, false]);
  requests.push(block(3));
  equal(requests.cancel(block(1)), true);
  equal(requests.count, 2);
});

test("PeerRequests.cancel() saves up no more than so many", () => {
  const requests = new PeerRequests();
  for (let piece = 0; piece < 2 * CANCELS_MAX; piece += 1) requests.push(block(piece));
  for (let piece = 0; piece < CANCELS_MAX; piece += 1) equal(requests.cancel(block(piece)), true);
  equal(requests.cancel(block(CANCELS_MAX)), false);
});

test("PeerRequests.awaitPiece() keeps a block that is written over afterwards", () => {
  const requests = new PeerRequests();
  const into = { ...block(4) };
  requests.awaitPiece(into);
  into.piece = 5;
  deepEqual(requests.takeWaiting(4), [block(4)]);
});

function given(...blocks: readonly Block[]): PeerRequests {
  const requests = new PeerRequests();
  for (const each of blocks) requests.push(each);
  return requests;
}

function taken(requests: PeerRequests): Block | null {
  const into = { piece: 0, begin: 0, length: 0 };
  return requests.take(into) ? into : null;
}
