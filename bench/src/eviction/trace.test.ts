import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { seededRng } from "@seedfleet/runtime";
import { type Batch, BLOCK_BYTES, type Download, recordTrace } from "./trace.ts";
import { TRACES, type TraceName } from "./traces.ts";

const KIB = 1024;

function givenDownload(differing: Partial<Download> = {}): Download {
  return { pieces: [0, 1], pace: 1, waitsTurns: 0, isCounted: true, ...differing };
}

test("recordTrace() asks for a piece in batches, and then for the next", () => {
  const { batches } = recordTrace(seededRng(1), {
    pieceBytes: [200 * KIB, 64 * KIB],
    downloadsAtOnce: 1,
    next: () => givenDownload(),
    batchCount: 4,
  });
  const seen = batches.map(({ peer, piece, bytes, isFirst }) => [
    peer,
    piece,
    bytes / KIB,
    isFirst,
  ]);
  deepEqual(seen, [
    [1, 0, 128, true],
    [1, 0, 72, false],
    [1, 1, 64, true],
    [2, 0, 128, true],
  ]);
  deepEqual(
    batches.map(({ isCounted }) => isCounted),
    [false, true, true, true],
  );
});

test("recordTrace() gives turns by pace, after the turns that a download waits", () => {
  const { batches } = recordTrace(seededRng(1), {
    pieceBytes: Array.from({ length: 9_000 }, () => BLOCK_BYTES),
    downloadsAtOnce: 2,
    next: (place) => {
      const pieces = Array.from({ length: 9_000 }, (_, piece) => piece);
      return givenDownload({ pieces, pace: place === 0 ? 1 : 3, waitsTurns: place * 300 });
    },
    batchCount: 4_000,
  });
  const ofFirst = batches.filter(({ peer }) => peer === 1).length;
  // A quarter of all, and of the turns that the other waited.
  ok(Math.abs(ofFirst - 1_075) < 100, `${ofFirst} of the first`);
  equal(batches.findIndex(({ peer }) => peer === 2) > 50, true);
});

for (const name of Object.keys(TRACES) as TraceName[]) {
  test(`the trace "${name}" is the same for a seed, and another for another`, () => {
    const [one, same, other] = [1, 1, 2].map((seed) => TRACES[name](seededRng(seed), 2_000));
    deepEqual(one?.batches, same?.batches);
    equal(one?.batches.length, 2_000);
    const pieces = (batches: readonly Batch[] = []) => batches.map(({ piece }) => piece).join();
    ok(pieces(one?.batches) !== pieces(other?.batches));
  });
}
