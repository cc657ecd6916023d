import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import {
  contentChanged,
  contentEmpty,
  contentMissing,
  contentNameNotUtf8,
  contentTooManyFiles,
  contentUnreadable,
  contentUnwritable,
} from "./errors.ts";

const cases = [
  {
    error: contentMissing("/x"),
    then: ["content-missing", "Cannot seed /x: there is nothing at that path; check its spelling"],
  },
  {
    error: contentUnreadable("/x", "this process may not read it"),
    then: ["content-unreadable", "Cannot read /x: this process may not read it"],
  },
  {
    error: contentUnwritable("/x", "the disk is full; make room on it"),
    then: ["content-unwritable", "Cannot write /x: the disk is full; make room on it"],
  },
  {
    error: contentEmpty("/x"),
    then: [
      "content-empty",
      "Cannot seed /x: it holds no file with any bytes in it; put some there or name another",
    ],
  },
  {
    error: contentChanged("/x"),
    then: [
      "content-changed",
      "Cannot read /x: it has changed since it was listed; publish it again",
    ],
  },
  {
    error: contentNameNotUtf8("/x", Buffer.from("it's caf\xe9\n", "latin1")),
    then: [
      "content-name-not-utf8",
      "Cannot seed /x: the name $'it\\x27s caf\\xe9\\x0a' in it is not UTF-8; rename it",
    ],
  },
  {
    error: contentTooManyFiles("/x", 7),
    then: [
      "content-too-many-files",
      "Cannot seed /x: it holds more than 7 files and directories; publish its parts one by one",
    ],
  },
] as const;

for (const { error, then } of cases) {
  test(`${then[0]} is one line that says what to do`, () => {
    deepEqual([error.detail.code, error.message], then);
  });
}
