import { basename, extname } from "node:path";
import { test } from "node:test";
import { broken, codeOf, type Rule } from "./code-of.ts";
import { expectNone } from "./expect-none.ts";
import { parameterProperties } from "./functions-of.ts";
import { paths, sources } from "./repository.ts";

const CODE_RULES: readonly Rule[] = [
  { pattern: /^\s*(?:export )?(?:const |declare )*enum \w+/gm, instead: "use a union of texts" },
  { pattern: /^export \* /gm, instead: "list every public name" },
  { pattern: /^export default\b/gm, instead: "name the export" },
];

const COMMENT_RULES: readonly Rule[] = [
  { pattern: /\bTO[D]O\b|\bFIX[M]E\b/g, instead: "do it, or file it; unfinished work is not left" },
];

const TEST_RULES: readonly Rule[] = [
  { pattern: /\.(?:only|todo)\(|\b(?:only|todo): true\b/g, instead: "run every test, in full" },
  {
    pattern: /\bawait (?:setTimeout|sleep)\(|\bsetTimeout\(\w+(?:, [\w.]+)*\)/g,
    instead: "wait for what must happen, or move a virtual clock",
  },
  { pattern: /\bdelay\(systemClock\b/g, instead: "wait for what must happen" },
];

/** Names that say nothing; a file is called after what it exports. */
const EMPTY_NAMES = ["utils", "util", "common", "helpers", "helper", "types", "misc", "shared"];

test("no source uses what the house style leaves out", () => {
  const wrong = sources.flatMap(({ path, text }) => [
    ...broken(path, codeOf(text), CODE_RULES),
    ...broken(path, text, COMMENT_RULES),
  ]);
  expectNone(wrong);
});

test("no constructor declares fields among its parameters", () => {
  const wrong = sources.flatMap(({ path, text }) =>
    parameterProperties(text).map(({ line, parameters }) => {
      return `${path}:${line} has "${parameters.join(", ")}": declare the field and assign it`;
    }),
  );
  expectNone(wrong);
});

test("no test is skipped by another, left for later, or sleeps", () => {
  const tests = sources.filter(({ isForTests }) => isForTests);
  expectNone(tests.flatMap(({ path, text }) => broken(path, codeOf(text), TEST_RULES)));
});

test("no file or folder has a name that says nothing", () => {
  const empty = paths.filter((path) =>
    path.split("/").some((part) => EMPTY_NAMES.includes(basename(part, extname(part)))),
  );
  const wrong = empty.map((path) => `${path}: call it after what is in it`);
  expectNone(wrong);
});
