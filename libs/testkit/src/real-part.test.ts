import { equal, ok } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { realPart, skipWithout } from "./real-part.ts";

test("realPart() finds a program on the PATH", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "seedfleet-real-part-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const program = join(directory, "mktorrent");
  writeFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
  const before = process.env["PATH"];
  process.env["PATH"] = [directory, before].join(delimiter);
  t.after(() => {
    process.env["PATH"] = before;
  });
  equal(realPart("mktorrent").path, program);
  equal(skipWithout(["mktorrent"]), false);
});

test("realPart() says how to install what is missing, once PATH has nothing", (t) => {
  const before = process.env["PATH"];
  process.env["PATH"] = "";
  t.after(() => {
    process.env["PATH"] = before;
  });
  const part = realPart("transmission-show");
  ok(part.missing?.includes("apt-get install transmission-cli"));
});

test("skipWithout() skips nothing when real parts are required", (t) => {
  const before = process.env["INTEROP_REQUIRED"];
  t.after(() => {
    if (before === undefined) delete process.env["INTEROP_REQUIRED"];
    else process.env["INTEROP_REQUIRED"] = before;
  });
  process.env["INTEROP_REQUIRED"] = "1";
  equal(skipWithout(["transmission-show"]), false);
  delete process.env["INTEROP_REQUIRED"];
  ok(skipWithout(["transmission-show"]));
});
