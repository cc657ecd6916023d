import { equal } from "node:assert/strict";
import { test } from "node:test";
import { isBearer } from "./bearer-token.ts";

const cases = [
  { header: "Bearer abc", then: true },
  { header: "bearer  abc", then: true },
  { header: "Bearer abcd", then: false },
  { header: "Bearer ", then: false },
  { header: "Basic abc", then: false },
  { header: "abc", then: false },
  { header: undefined, then: false },
] as const;

for (const { header, then } of cases) {
  test(`isBearer() given ${header}`, () => equal(isBearer(header, "abc"), then));
}
