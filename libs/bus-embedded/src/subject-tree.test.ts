import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { SubjectTree } from "./subject-tree.ts";

const cases = [
  { pattern: "a.b", heard: ["a.b"], not: ["a", "a.b.c", "a.c"] },
  { pattern: "a.*", heard: ["a.b", "a.c"], not: ["a", "a.b.c", "b.a"] },
  { pattern: "*.b", heard: ["a.b", "c.b"], not: ["b", "a.b.b"] },
  { pattern: "a.>", heard: ["a.b", "a.b.c"], not: ["a", "b.a"] },
  { pattern: ">", heard: ["a", "a.b.c"], not: [] },
  { pattern: "a.*.>", heard: ["a.b.c", "a.b.c.d"], not: ["a.b"] },
] as const;

for (const { pattern, heard, not } of cases) {
  test(`receivers() given "${pattern}"`, () => {
    const tree = new SubjectTree<{ queue: null }>();
    const entry = { queue: null };
    tree.add(pattern, entry);
    for (const subject of heard) deepEqual(tree.receivers(subject), [entry], subject);
    for (const subject of not) deepEqual(tree.receivers(subject), [], subject);
    tree.remove(pattern, entry);
    for (const subject of heard) deepEqual(tree.receivers(subject), [], subject);
  });
}

test("receivers() takes the members of a queue group in turn, whatever their patterns", () => {
  const tree = new SubjectTree<{ queue: string | null; name: string }>();
  tree.add("a.b", { queue: "q", name: "first" });
  tree.add("a.*", { queue: "q", name: "second" });
  tree.add("a.>", { queue: null, name: "everything" });
  const heardBy = (): string[] => tree.receivers("a.b").map(({ name }) => name);
  deepEqual(heardBy(), ["everything", "first"]);
  deepEqual(heardBy(), ["everything", "second"]);
  deepEqual(heardBy(), ["everything", "first"]);
});
