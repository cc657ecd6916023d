import { deepEqual, equal, rejects } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { systemClock } from "@seedfleet/runtime";
import { FsContentSource } from "./fs-content-source.ts";
import { type ListedRun, runBytesSync } from "./run-bytes-sync.ts";
import { RunReads } from "./run-reads.ts";
import { GivenDirectory } from "./testing.ts";

type ReadRun = (run: ListedRun, partBytes: number) => Promise<string>;

/** Both ways to read a run, which have to agree on everything. */
const ways: readonly { readonly name: string; readonly read: ReadRun }[] = [
  {
    name: "runBytesSync()",
    async read(run, partBytes) {
      const into = new Uint8Array(partBytes);
      return runBytesSync(run, into)
        .map((bytes) => Buffer.from(bytes).toString("latin1"))
        .toArray()
        .join("");
    },
  },
  {
    name: "RunReads",
    async read(run, partBytes) {
      await using reads = new RunReads(run);
      const into = new Uint8Array(run.lengthBytes);
      const parts: Promise<void>[] = [];
      for (let at = 0; at < into.length; at += partBytes) {
        parts.push(reads.read(at, into.subarray(at, at + partBytes)));
      }
      await Promise.all(parts);
      return Buffer.from(into).toString("latin1");
    },
  },
];

const changes: readonly { readonly given: string; readonly change: (path: string) => void }[] = [
  { given: "it grew", change: (path) => appendFileSync(path, "more") },
  { given: "it shrank", change: (path) => truncateSync(path, 3) },
  { given: "only its time is another", change: (path) => utimesSync(path, 1, 1) },
  { given: "it vanished", change: (path) => rmSync(path) },
  { given: "another file took its place", change: (path) => replaceBy("file", path) },
  { given: "a link took its place", change: (path) => replaceBy("link", path) },
  { given: "a directory took its place", change: (path) => replaceBy("directory", path) },
  { given: "a pipe took its place", change: (path) => replaceBy("pipe", path) },
];

for (const { name, read } of ways) {
  test(`${name} gives the bytes of the run, however many at a time`, async () => {
    using directory = new GivenDirectory({ "sub/file": "0123456789" });
    const run = { ...(await given(directory)), offsetBytes: 2, lengthBytes: 7 };
    for (const partBytes of [1, 3, 7, 100]) equal(await read(run, partBytes), "2345678");
    deepEqual(openIn(directory), []);
  });

  for (const { given: situation, change } of changes) {
    test(`${name} given ${situation} throws content-changed`, async () => {
      using directory = new GivenDirectory({ "sub/file": "0123456789" });
      const run = await given(directory);
      change(run.path);
      await rejects(read(run, 4), { detail: { code: "content-changed", path: run.path } });
      deepEqual(openIn(directory), []);
    });
  }
}

test("runBytesSync() closes the file when nobody wants more of it", async () => {
  using directory = new GivenDirectory({ "sub/file": "0123456789" });
  for (const _bytes of runBytesSync(await given(directory), new Uint8Array(4))) {
    deepEqual(openIn(directory), ["sub/file"]);
    break;
  }
  deepEqual(openIn(directory), []);
});

test("runBytesSync() sees a change while it reads", async () => {
  using directory = new GivenDirectory({ "sub/file": "0123456789" });
  const run = await given(directory);
  const bytes = runBytesSync(run, new Uint8Array(6));
  equal(bytes.next().value?.length, 6);
  utimesSync(run.path, 1, 1);
  equal(bytes.next().value?.length, 4);
  await rejects(async () => bytes.next(), { detail: { code: "content-changed", path: run.path } });
});

test("RunReads closes the file when it is disposed of half read", async () => {
  using directory = new GivenDirectory({ "sub/file": "0123456789" });
  const reads = new RunReads(await given(directory));
  await reads.read(0, new Uint8Array(4));
  deepEqual(openIn(directory), ["sub/file"]);
  await reads[Symbol.asyncDispose]();
  deepEqual(openIn(directory), []);
});

async function given(directory: GivenDirectory): Promise<ListedRun> {
  await using source = new FsContentSource({ clock: systemClock });
  utimesSync(directory.at("sub/file"), 1_000, 1_000);
  const content = source.open(await source.list(directory.path));
  const [file] = content.listing.files;
  const path = content.localPath?.(0);
  if (file === undefined || path === undefined) throw new Error("nothing was listed");
  const { sizeBytes, modified, identity } = file;
  const listed = { sizeBytes, modified, identity };
  return { path, listed, offsetBytes: 0, lengthBytes: sizeBytes };
}

/** Where it can, what comes has the size and the time of what was there. */
function replaceBy(kind: "file" | "link" | "directory" | "pipe", path: string): void {
  const moved = `${path}.moved`;
  renameSync(path, moved);
  if (kind === "link") symlinkSync("file.moved", path);
  if (kind === "directory") mkdirSync(path);
  if (kind === "pipe") execFileSync("mkfifo", [path]);
  if (kind !== "file") return;
  writeFileSync(path, "9876543210");
  utimesSync(path, 1_000, 1_000);
}

/** The names of the directory's files that this process has open. */
function openIn(directory: GivenDirectory): string[] {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  const own = targets.filter((target) => target.startsWith(`${directory.path}/`));
  return own.map((target) => target.slice(directory.path.length + 1)).toSorted();
}
