import { equal } from "node:assert/strict";
import { test } from "node:test";
import { textTable } from "./text-table.ts";

test("textTable() aligns every column to its widest cell", () => {
  const columns = [
    { title: "n", align: "right" },
    { title: "name", align: "left" },
    { title: "MB/s", align: "right" },
  ] as const;
  const rows = [
    ["1", "seedfleet", "3120"],
    ["64", "b", ""],
  ];
  const expected = [
    " n  name       MB/s", //
    " 1  seedfleet  3120",
    "64  b",
    "",
  ];
  equal(textTable(columns, rows), expected.join("\n"));
});
