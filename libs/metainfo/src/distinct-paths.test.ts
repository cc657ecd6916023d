import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { distinctPaths } from "./distinct-paths.ts";

const cases = [
  {
    given: "a name twice",
    paths: [["a.txt"], ["a.txt"], ["a.txt"]],
    then: [["a.txt"], ["a.1.txt"], ["a.2.txt"]],
  },
  {
    given: "a file where a later file's directory is",
    paths: [["a"], ["a", "b"]],
    then: [["a.1"], ["a", "b"]],
  },
  {
    given: "a number that is taken",
    paths: [["a.1"], ["a"], ["a"]],
    then: [["a.1"], ["a"], ["a.2"]],
  },
  { given: "names that differ in case", paths: [["A"], ["a"]], then: [["A"], ["a"]] },
  { given: "padding", paths: [null, ["a"], null], then: [null, ["a"], null] },
  {
    given: "keys of every object",
    paths: [
      ["__proto__", "constructor"],
      ["__proto__", "toString"],
    ],
    then: [
      ["__proto__", "constructor"],
      ["__proto__", "toString"],
    ],
  },
];

for (const { given, paths, then } of cases) {
  test(`distinctPaths() given ${given}`, () => deepEqual(distinctPaths(paths), then));
}

test("distinctPaths() given a hundred duplicates", () => {
  const refused = distinctPaths(Array.from({ length: 100 }, () => ["a"]));
  ok("kind" in refused && refused.code === "too-many-duplicate-filenames");
});
