import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { AnnouncedPeers, sourceAddress } from "./announced-peers.ts";

const plan = { swarms: 4, sources: 2, firstSource: 0 };

test("AnnouncedPeers goes round all swarms, each source from a place of its own", () => {
  const peers = new AnnouncedPeers(plan);
  const drawn = [0, 0, 1, 0, 0, 0].map((source) => {
    peers.next(source);
    return [source, peers.swarm, peers.port];
  });
  deepEqual(drawn, [
    [0, 0, 10_000],
    [0, 1, 10_000],
    [1, 2, 10_000],
    [0, 2, 10_000],
    [0, 3, 10_000],
    [0, 0, 10_001],
  ]);
  deepEqual(
    [0, 1, 2, 3].map((swarm) => peers.sent(swarm)),
    [2, 1, 2, 1],
  );
});

test("AnnouncedPeers counts what was answered", () => {
  const peers = new AnnouncedPeers(plan);
  peers.next(0);
  equal(peers.answered(0), 0);
  peers.answer(0);
  equal(peers.answered(0), 1);
});

const port = (number: number): number[] => [number >> 8, number & 0xff];

const endpoints = [
  { given: "what was announced", bytes: [127, 77, 0, 0, ...port(10_000)], known: true },
  { given: "a port that is still to come", bytes: [127, 77, 0, 0, ...port(10_001)], known: false },
  { given: "a port below all", bytes: [127, 77, 0, 0, ...port(80)], known: false },
  { given: "another source", bytes: [127, 77, 0, 1, ...port(10_000)], known: false },
  { given: "a source that there is not", bytes: [127, 77, 9, 9, ...port(10_000)], known: false },
  { given: "another network", bytes: [10, 77, 0, 0, ...port(10_000)], known: false },
] as const;

for (const { given, bytes, known } of endpoints) {
  test(`AnnouncedPeers.knows() given ${given}`, () => {
    const peers = new AnnouncedPeers(plan);
    peers.next(0);
    const both = new Uint8Array([...bytes, ...bytes]);
    equal(peers.knows(0, both, { from: 0, to: 12 }), known);
    equal(peers.knows(1, both, { from: 0, to: 12 }), false);
  });
}

test("AnnouncedPeers takes the sources of earlier runs for known", () => {
  const peers = new AnnouncedPeers({ ...plan, firstSource: 2 });
  const earlier = new Uint8Array([127, 77, 0, 1, ...port(12_345)]);
  equal(peers.knows(0, earlier, { from: 0, to: 6 }), true);
});

test("AnnouncedPeers ends when a source has announced every port", () => {
  const peers = new AnnouncedPeers({ swarms: 1, sources: 1, firstSource: 0 });
  for (let count = 10_000; count <= 65_535; count += 1) peers.next(0);
  equal(peers.port, 65_535);
  throws(() => peers.next(0), { name: new BenchError().name, message: /every port/ });
});

test("sourceAddress() is another one for each source", () => {
  deepEqual([0, 255, 256].map(sourceAddress), ["127.77.0.0", "127.77.0.255", "127.77.1.0"]);
});
