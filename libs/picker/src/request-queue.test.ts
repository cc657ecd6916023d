import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type DownloadProgress, isSlow, isTimedOut, queueLength } from "./request-queue.ts";

function given(differing: Partial<DownloadProgress> = {}): DownloadProgress {
  return {
    ...{ bytesPerSecond: 0, heardAtMs: 0, outstanding: 4, isStarting: false, queueLength: 4 },
    ...differing,
  };
}

const lengths = [
  { given: "three seconds of its rate", progress: { bytesPerSecond: 163_840 }, then: 30 },
  { given: "a rate that is nothing", progress: {}, then: 2 },
  { given: "a rate that is enormous", progress: { bytesPerSecond: 1e9 }, then: 500 },
  { given: "a rate that is not known yet", progress: { isStarting: true }, then: 5 },
] as const;

for (const { given: situation, progress, then } of lengths) {
  test(`queueLength() given ${situation}`, () => {
    equal(queueLength(given(progress), 1_000), then);
  });
}

test("a peer that sends nothing for 20 s is slow, and after 60 s it is given up", () => {
  const progress = given({ bytesPerSecond: 1e6 });
  const at = (nowMs: number) => [
    isSlow(progress, nowMs),
    isTimedOut(progress, nowMs),
    queueLength(progress, nowMs),
  ];
  deepEqual(at(19_999), [false, false, 184]);
  deepEqual(at(20_000), [true, false, 1]);
  deepEqual(at(60_000), [true, true, 1]);
});

test("a peer that is asked for nothing is not slow", () => {
  equal(isSlow(given({ outstanding: 0 }), 1e9), false);
});
