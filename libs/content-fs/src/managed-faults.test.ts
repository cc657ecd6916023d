import { equal } from "node:assert/strict";
import { test } from "node:test";
import { contentChanged } from "@seedfleet/content";
import { writeFault } from "./managed-faults.ts";

const cases = [
  { code: "ENOSPC", then: "Cannot write /x: the disk is full; make room on it" },
  { code: "EROFS", then: "Cannot write /x: its file system is read-only; mount it to be written" },
  {
    code: "EDQUOT",
    then: "Cannot write /x: the disk quota of its owner is used up; make room or raise it",
  },
  { code: "EIO", then: "Cannot write /x: the disk reports an error; look at its health" },
  { code: "EWHAT", then: 'Cannot write /x: the system says "EWHAT: what"' },
];

for (const { code, then } of cases) {
  test(`writeFault() given ${code}`, () => {
    const cause = Object.assign(new Error(`${code}: what`), { code });
    const fault = writeFault("/x", cause);
    equal(fault.message, then);
    equal(fault.cause, cause);
  });
}

test("writeFault() given an error of ours leaves it as it is", () => {
  const error = contentChanged("/x");
  equal(writeFault("/y", error), error);
});
