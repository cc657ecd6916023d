import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  countVisitors,
  forgetLately,
  keepVisitors,
  visit,
  visitorMark,
  wasVisitedLately,
} from "./visitors.ts";

function marksOf(peers: readonly number[]): number {
  const visited = new Uint8Array(1);
  for (const peer of peers) visit(visited, 0, visitorMark(peer));
  return visited[0] ?? 0;
}

const cases = [
  { given: "nobody", peers: [], then: 0 },
  { given: "one peer that asks for block after block", peers: [9, 9, 9, 9], then: 1 },
  { given: "two peers in turns", peers: [3, 4, 3, 4], then: 2 },
  { given: "seven peers that came one after another", peers: [6, 7, 8, 9, 10, 11, 12], then: 7 },
  { given: "two peers of one group, as one", peers: [1, 8], then: 1 },
  { given: "a peer of a high number", peers: [2 ** 40], then: 1 },
] as const;

for (const { given, peers, then } of cases) {
  test(`countVisitors() given ${given}`, () => equal(countVisitors(marksOf(peers)), then));
}

const anyPeers = fc.array(fc.nat(100), { maxLength: 20 });

test("countVisitors() never counts more than there were, nor none where there was one", () => {
  fc.assert(
    fc.property(anyPeers, (peers) => {
      const count = countVisitors(marksOf(peers));
      ok(count <= new Set(peers).size);
      equal(count === 0, peers.length === 0);
    }),
  );
});

test("keepVisitors() keeps marks that were there, as many as it is told", () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(8), (marks, count) => {
      const kept = keepVisitors(marks, count);
      equal(kept & ~marks, 0);
      equal(countVisitors(kept), Math.min(count, countVisitors(marks)));
    }),
  );
});

test("forgetLately() leaves the visitors, and the next visit is lately again", () => {
  const visited = Uint8Array.of(marksOf([1, 2]));
  ok(wasVisitedLately(visited[0] ?? 0));
  visited[0] = forgetLately(visited[0] ?? 0);
  deepEqual([wasVisitedLately(visited[0]), countVisitors(visited[0])], [false, 2]);
  visit(visited, 0, visitorMark(1));
  deepEqual([wasVisitedLately(visited[0] ?? 0), countVisitors(visited[0] ?? 0)], [true, 2]);
});
