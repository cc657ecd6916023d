import { equal } from "node:assert/strict";
import { test } from "node:test";
import { ReadPace } from "./read-pace.ts";

type Read = readonly [readMs: number, hashMs: number];

const times = (count: number, read: Read): Read[] => Array.from({ length: count }, () => read);

const cases = [
  { given: "reads from memory", reads: times(8, [0.06, 0.6]), then: false },
  { given: "reads slower than the hash", reads: times(8, [1.5, 0.6]), then: true },
  { given: "small files in memory", reads: times(300, [0.02, 0.01]), then: false },
  { given: "small files on a disk", reads: times(300, [0.3, 0.01]), then: true },
  {
    given: "reads from memory and a busy processor",
    reads: [...times(5, [0.06, 0.6]), ...times(3, [8, 0.6])],
    then: false,
  },
  { given: "nothing to read", reads: [], then: false },
] as const;

for (const { given, reads, then } of cases) {
  test(`ReadPace given ${given}`, () => {
    const pace = new ReadPace();
    equal(pace.isAhead, false);
    for (const [readMs, hashMs] of reads) pace.read(readMs, hashMs);
    pace.endUnit();
    equal(pace.isAhead, then);
  });
}

test("ReadPace tries a slow source again after a while, and judges by that unit alone", () => {
  const pace = new ReadPace();
  pace.read(9, 1);
  pace.endUnit();
  let units = 0;
  for (; pace.isAhead && units < 1_000; units += 1) pace.endUnit();
  equal(units, 16);
  pace.read(0, 1);
  pace.endUnit();
  equal(pace.isAhead, false);
});
