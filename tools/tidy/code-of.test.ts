import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { broken, codeOf } from "./code-of.ts";

const cases = [
  { given: "comments", text: "a; // Date\n/* Date\n */ b;", then: "a; \n\n b;" },
  { given: "texts", text: `f("Date", 'a\\'b');`, then: 'f("", "");' },
  { given: "a comment in a text", text: 'f("http://x"); Date;', then: 'f(""); Date;' },
  { given: "templates over lines", text: `f(\`a\n\${\`b\`} Date\`); c;`, then: 'f(""\n); c;' },
  {
    given: "a quote in a regular expression",
    text: 's.split(/"/g); d("x");',
    then: 's.split(); d("");',
  },
  { given: "divisions", text: "a / b / c; // d", then: "a / b / c; " },
] as const;

for (const { given, text, then } of cases) {
  test(`codeOf() given ${given}`, () => equal(codeOf(text), then));
}

test("broken() names the line and what to do instead", () => {
  const rules = [{ pattern: /\bDate\b/g, instead: "take nowMs" }];
  deepEqual(broken("a.ts", "x;\nDate.now();", rules), ['a.ts:2 has "Date": take nowMs']);
});
