import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { type Tree, treeOf } from "./object-paths.ts";

type Keys = Readonly<Record<string, number>> | readonly string[];

/** The keys are below "p/", each with its size or of 1 byte. */
function givenTree(keys: Keys): Tree {
  const sizes = Array.isArray(keys) ? keys.map((key) => [key, 1] as const) : Object.entries(keys);
  const objects = sizes.map(([key, sizeBytes]) => {
    return { key: `p/${key}`, sizeBytes, modified: "", etag: "e", isArchived: false };
  });
  return treeOf("s3://abc/p", "p/", objects);
}

const trees: readonly {
  readonly given: string;
  readonly keys: Keys;
  readonly files: readonly string[];
  readonly skipped: readonly string[];
}[] = [
  {
    given: "names in no order",
    // U+FF5E before U+1D11E in UTF-8, after it in UTF-16; "-" and "." before "/".
    keys: ["\u{1d11e}", "\uff5e", "a/x", "ab", "a-b", "a.b/c", "Z", "é", "z"],
    files: ["Z", "a-b", "a.b/c", "a/x", "ab", "z", "é", "\uff5e", "\u{1d11e}"],
    skipped: [],
  },
  {
    given: "markers of directories",
    keys: { "": 0, "a/": 0, "a/b": 1, "empty/c/": 0, "empty-file": 0 },
    files: ["a/b", "empty-file"],
    skipped: [],
  },
  {
    given: "markers that have bytes",
    keys: { "": 1, "a/": 1, "a/b": 1 },
    files: ["a/b"],
    skipped: ["/", "a/"],
  },
  {
    given: "keys that are no paths",
    keys: ["a", "b//c", "/d", "./e", "f/../g", "..", "h/.", "i\0"],
    files: ["a"],
    skipped: ["..", "./e", "/d", "b//c", "f/../g", "h/.", "i\0"],
  },
  {
    given: "a marker of a directory that is no path",
    keys: { a: 1, "b//": 0, "../": 0 },
    files: ["a"],
    skipped: ["../", "b//"],
  },
  {
    given: "names that begin alike",
    keys: ["a", "a.b", "ab/c", "ab.c", "abc"],
    files: ["a", "a.b", "ab.c", "ab/c", "abc"],
    skipped: [],
  },
];

for (const { given, keys, files, skipped } of trees) {
  test(`treeOf() given ${given}`, () => {
    const tree = givenTree(keys);
    deepEqual({ ...tree, files: tree.files.map(({ path }) => path.join("/")) }, { files, skipped });
  });
}

const WHICH_NONE_HOLDS = "which no directory can hold; rename one, or publish the parts one by one";

const conflicts = [
  {
    given: "a key that is an object and a prefix",
    keys: ["d/a", "d/a-b", "d/a/b/c"],
    because: `"d/a" in it is an object, and there are others under "d/a/", ${WHICH_NONE_HOLDS}`,
  },
  {
    given: "a key that is an object far above another",
    keys: ["d", "d/a/b/c"],
    because: `"d" in it is an object, and there are others under "d/", ${WHICH_NONE_HOLDS}`,
  },
  {
    given: "a key that is listed twice",
    keys: ["b", "a", "b"],
    because: '"b" in it is listed twice; try again',
  },
];

for (const { given, keys, because } of conflicts) {
  test(`treeOf() refuses ${given}`, () => {
    const detail = { code: "content-unreadable", path: "s3://abc/p", reason: because };
    throws(() => givenTree(keys), { detail });
  });
}
