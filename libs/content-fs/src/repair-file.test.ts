import { deepEqual, equal, rejects } from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { contentChanged } from "@seedfleet/content";
import { listContent } from "./list-content.ts";
import type { ListedFile } from "./open-files.ts";
import { repairFile } from "./repair-file.ts";
import { GivenDirectory } from "./testing.ts";

const SPANS = [
  { offsetBytes: 2, bytes: Buffer.from("CD") },
  { offsetBytes: 7, bytes: Buffer.from("H") },
];

const times: readonly { readonly given: string; readonly time: string }[] = [
  { given: "whole seconds", time: "2024-02-29T12:34:56" },
  { given: "the last nanosecond of a second", time: "2025-06-01T00:00:00.999999999" },
  { given: "a few nanoseconds", time: "2038-01-19T03:14:08.000000007" },
];

for (const { given, time } of times) {
  test(`repairFile() given a time of ${given} keeps the file what was listed`, async () => {
    using directory = new GivenDirectory({ "sub/a file": "abcdefgh" });
    const path = directory.at("sub/a file");
    execFileSync("touch", ["-d", time, path]);
    const file = await listed(directory);
    await repairFile(file, SPANS);
    equal(readFileSync(path, "utf8"), "abCDefgH");
    deepEqual((await listed(directory)).listed, file.listed);
  });
}

test("repairFile() given the time of this moment keeps it", async () => {
  using directory = new GivenDirectory({ file: "abcdefgh" });
  const file = await listed(directory);
  await repairFile(file, SPANS);
  await repairFile(file, [{ offsetBytes: 0, bytes: Buffer.from("A") }]);
  equal(readFileSync(directory.at("file"), "utf8"), "AbCDefgH");
  deepEqual((await listed(directory)).listed, file.listed);
});

const changes: readonly { readonly given: string; readonly change: (path: string) => void }[] = [
  { given: "it grew", change: (path) => appendFileSync(path, "more") },
  { given: "it shrank", change: (path) => truncateSync(path, 3) },
  { given: "only its time is another", change: (path) => utimesSync(path, 1, 1) },
  { given: "it vanished", change: (path) => rmSync(path) },
  {
    given: "another file took its place",
    change: (path) => {
      writeFileSync(`${path}.new`, "abcdefgh");
      utimesSync(`${path}.new`, 1_000, 1_000);
      renameSync(`${path}.new`, path);
    },
  },
  {
    given: "a link to it took its place",
    change: (path) => {
      renameSync(path, `${path}.moved`);
      symlinkSync("file.moved", path);
    },
  },
];

for (const { given, change } of changes) {
  test(`repairFile() given ${given} writes nothing, and is content-changed`, async () => {
    using directory = new GivenDirectory({ file: "abcdefgh" });
    const path = directory.at("file");
    utimesSync(path, 1_000, 1_000);
    // A second name shows what becomes of the file that was listed.
    linkSync(path, directory.at("second"));
    const file = await listed(directory);
    change(path);
    const before = readFileSync(directory.at("second"), "utf8");
    await rejects(repairFile(file, SPANS), contentChanged(path));
    equal(readFileSync(directory.at("second"), "utf8"), before);
  });
}

test("repairFile() given a program that runs changes nothing", async () => {
  using directory = new GivenDirectory();
  const path = directory.at("program");
  execFileSync("cp", ["/bin/sleep", path]);
  const file = await listed(directory);
  const running = spawn(path, ["60"], { stdio: "ignore" });
  await once(running, "spawn");
  const reason = "it is a program that is running; end it first";
  await rejects(repairFile(file, SPANS), { detail: unwritable(path, reason) });
  running.kill();
  deepEqual((await listed(directory)).listed, file.listed);
});

test("repairFile() where the time could not be put back writes nothing", async (t) => {
  using directory = new GivenDirectory({ file: "abcdefgh" });
  const path = directory.at("file");
  execFileSync("touch", ["-d", "2025-06-01T00:00:00.123456789", path]);
  const file = await listed(directory);
  const before = process.env["PATH"];
  t.after(() => {
    process.env["PATH"] = before;
  });
  process.env["PATH"] = directory.path;
  await rejects(repairFile(file, SPANS), { detail: unwritable(path, NO_TIME) });
  equal(readFileSync(path, "utf8"), "abcdefgh");
  deepEqual((await listed(directory)).listed, file.listed);
});

const NO_TIME = "its time could not be put back; run as its owner, with touch";
const FORBIDDEN = "this process may not write it; change its permissions or run as its owner";

const foreign = [
  { given: "it may write, but not date", mode: 0o666, reason: NO_TIME },
  { given: "it may only read", mode: 0o444, reason: FORBIDDEN },
];

for (const { given, mode, reason } of foreign) {
  const skip = process.getuid?.() === 0 ? false : "only root can become nobody";
  test(`repairFile() given another's file that ${given} writes nothing`, { skip }, async () => {
    using directory = new GivenDirectory({ file: "abcdefgh" });
    const path = directory.at("file");
    chmodSync(directory.path, 0o755);
    chmodSync(path, mode);
    for (const time of ["2025-06-01T00:00:00", "2025-06-01T00:00:00.123456789"]) {
      execFileSync("touch", ["-d", time, path]);
      const file = await listed(directory);
      const output = execFileSync(process.execPath, ["--input-type=module", "-e", AS_NOBODY], {
        env: { ...process.env, FILE: JSON.stringify(file) },
        encoding: "utf8",
      });
      deepEqual(JSON.parse(output), unwritable(path, reason));
      equal(readFileSync(path, "utf8"), "abcdefgh");
      deepEqual((await listed(directory)).listed, file.listed);
    }
  });
}

/** Root may write anything, so the file is repaired by a process that is nobody. */
const AS_NOBODY = `
  const { repairFile } = await import("${new URL("repair-file.ts", import.meta.url)}");
  process.setgroups([]);
  process.setgid(65534);
  process.setuid(65534);
  const spans = [{ offsetBytes: 2, bytes: Buffer.from("CD") }];
  const error = await repairFile(JSON.parse(process.env.FILE), spans).catch((error) => error);
  process.stdout.write(JSON.stringify(error?.detail ?? null));
`;

function unwritable(path: string, reason: string): object {
  return { code: "content-unwritable", path, reason };
}

async function listed(directory: GivenDirectory): Promise<ListedFile> {
  const { files } = await listContent(directory.path);
  const [first] = files;
  if (first === undefined) throw new Error("nothing is listed");
  return { path: directory.at(first.path.join("/")), listed: first };
}
