import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { roundsOf, type Wave, WaveRecorder } from "./choke-waves.ts";

function givenWave(torrent: number, firstMs: number, lastMs: number): Wave {
  return { torrent, firstMs, lastMs, chokes: 1, unchokes: 2 };
}

test("WaveRecorder puts together what comes together, of each torrent by itself", () => {
  const recorder = new WaveRecorder();
  recorder.add(0, true, 1_000);
  recorder.add(1, true, 1_001);
  recorder.add(0, false, 1_040);
  recorder.add(0, false, 11_000);
  deepEqual(recorder.waves, [
    { torrent: 0, firstMs: 1_000, lastMs: 1_040, chokes: 1, unchokes: 1 },
    { torrent: 0, firstMs: 11_000, lastMs: 11_000, chokes: 1, unchokes: 0 },
    { torrent: 1, firstMs: 1_001, lastMs: 1_001, chokes: 0, unchokes: 1 },
  ]);
});

const rounds = [
  {
    given: "torrents at the same time",
    processes: [[givenWave(0, 100, 150), givenWave(1, 120, 180)]],
    then: [80],
  },
  {
    given: "torrents one after the other",
    processes: [[givenWave(0, 100, 150), givenWave(1, 4_000, 4_030)]],
    then: [80],
  },
  {
    given: "one torrent that two processes have peers of",
    processes: [[givenWave(0, 100, 150)], [givenWave(0, 90, 140)]],
    then: [60],
  },
  {
    given: "a wave within another",
    processes: [[givenWave(0, 100, 200), givenWave(1, 120, 130)]],
    then: [100],
  },
  {
    given: "two rounds",
    processes: [[givenWave(0, 100, 150), givenWave(0, 10_100, 10_120), givenWave(1, 90, 95)]],
    then: [55, 20],
  },
  { given: "none", processes: [[], []], then: [] },
] as const;

for (const { given, processes, then } of rounds) {
  test(`roundsOf() tells how long messages came, given ${given}`, () => {
    deepEqual(
      roundsOf(processes).map(({ sentMs }) => sentMs),
      then,
    );
  });
}

test("roundsOf() counts every message, and when each torrent had its last", () => {
  const processes = [[givenWave(0, 100, 150)], [givenWave(0, 90, 140), givenWave(1, 90, 95)]];
  deepEqual(
    roundsOf(processes).map(({ chokes, unchokes, lastMs }) => ({ chokes, unchokes, lastMs })),
    [
      {
        chokes: 3,
        unchokes: 6,
        lastMs: new Map([
          [0, 150],
          [1, 95],
        ]),
      },
    ],
  );
});
