import { test } from "node:test";
import { expectNone } from "./expect-none.ts";
import { functionSizes, signatures } from "./functions-of.ts";
import { sources } from "./repository.ts";

const SOURCE_LINES_MAX = 300;
const TEST_LINES_MAX = 400;
const COLUMNS_MAX = 100;
const FUNCTION_LINES_MAX = 60;
const PARAMETERS_MAX = 3;

/** What may follow the three: its place is the last everywhere, so nobody need remember it. */
const LAST_PARAMETER = /^(?:nowMs|options)\b/;

test("no file is too long to be read in one go", () => {
  const long = sources.flatMap(({ path, text }) => {
    const lines = text.split("\n").length - 1;
    const max = path.endsWith(".test.ts") ? TEST_LINES_MAX : SOURCE_LINES_MAX;
    return lines > max ? [`${path} has ${lines} lines: split it by subject, to ${max}`] : [];
  });
  expectNone(long);
});

test("no line is wider than the page", () => {
  const wide = sources.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => {
      if (line.length <= COLUMNS_MAX) return [];
      return [`${path}:${index + 1} has ${line.length} columns: wrap it at ${COLUMNS_MAX}`];
    }),
  );
  expectNone(wide);
});

test("no function is longer than a screen", () => {
  const long = sources.flatMap(({ path, text }) =>
    functionSizes(text)
      .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
      .map(({ line, lines }) => {
        return `${path}:${line} is ${lines} lines long: split it, to ${FUNCTION_LINES_MAX}`;
      }),
  );
  expectNone(long);
});

test("no function takes a row of arguments whose order must be remembered", () => {
  const many = sources.flatMap(({ path, text }) =>
    signatures(text).flatMap(({ line, name, parameters }) => {
      const hasLast = LAST_PARAMETER.test(parameters.at(-1) ?? "");
      if (parameters.length <= PARAMETERS_MAX + (hasLast ? 1 : 0)) return [];
      return [`${path}:${line} ${name}() takes ${parameters.length} parameters: take one object`];
    }),
  );
  expectNone(many);
});
