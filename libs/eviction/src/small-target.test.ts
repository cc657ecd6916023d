import { equal } from "node:assert/strict";
import { test } from "node:test";
import { SmallTarget } from "./small-target.ts";

const bounds = { bytesMin: 100, bytesMax: 900 };

const cases = [
  { given: "nothing that was missed", missed: [], then: 100 },
  { given: "a piece that the small queue let go", missed: [["small", 50, 1]], then: 150 },
  { given: "the same while it has fewer ghosts", missed: [["small", 50, 3]], then: 250 },
  { given: "the same while it has more ghosts", missed: [["small", 50, 0.5]], then: 150 },
  {
    given: "a piece of the main queue that has fewer ghosts",
    missed: [
      ["small", 300, 1],
      ["main", 50, 0.5],
    ],
    then: 300,
  },
  { given: "more of the small queue than there may be", missed: [["small", 9_000, 1]], then: 900 },
  { given: "more of the main queue than there may be", missed: [["main", 9_000, 1]], then: 100 },
  { given: "no other ghosts at all", missed: [["main", 1, 0]], then: 100 },
] as const;

for (const { given, missed, then } of cases) {
  test(`SmallTarget given ${given}`, () => {
    const target = new SmallTarget(bounds);
    for (const [queue, bytes, ghostRatio] of missed) {
      if (queue === "small") target.missedSmall(bytes, ghostRatio);
      else target.missedMain(bytes, ghostRatio);
    }
    equal(target.bytes, then);
  });
}
