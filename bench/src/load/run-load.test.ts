import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { shareSerials } from "./run-load.ts";

const cases = [
  { given: "one process", connections: 3, processes: 1, then: [[0, 1, 2]] },
  {
    given: "two processes",
    connections: 5,
    processes: 2,
    then: [
      [0, 2, 4],
      [1, 3],
    ],
  },
  { given: "more processes than connections", connections: 2, processes: 4, then: [[0], [1]] },
] as const;

for (const { given, connections, processes, then } of cases) {
  test(`shareSerials() given ${given}`, () => {
    deepEqual(shareSerials(connections, processes), then);
  });
}
