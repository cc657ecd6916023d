import { deepEqual, equal, rejects } from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { listContent } from "./list-content.ts";
import { type ListedFile, OPEN_FILE_IDLE_MS_MAX, OpenFiles } from "./open-files.ts";
import { GivenDirectory } from "./testing.ts";

const SIX = { a: "x", b: "x", c: "x", d: "x", e: "x", f: "x" };

test("OpenFiles keeps no more open than it may, however many are used", async () => {
  using directory = new GivenDirectory(SIX);
  const files = await listed(directory);
  const open = new OpenFiles(new VirtualClock(), 2);
  let most = 0;
  const look = async (): Promise<void> => {
    await turn();
    most = Math.max(most, openIn(directory).length);
  };
  await Promise.all([...files, ...files].map((file) => open.use(file, look)));
  equal(most, 2);
  await open[Symbol.asyncDispose]();
  deepEqual(openIn(directory), []);
});

test("OpenFiles closes the least recently used first", async () => {
  using directory = new GivenDirectory(SIX);
  const [a, b, c] = await listed(directory);
  await using open = new OpenFiles(new VirtualClock(), 2);
  for (const file of [a, b, a, c]) if (file) await open.use(file, turn);
  deepEqual(openIn(directory), ["a", "c"]);
});

test("OpenFiles closes a file that was not used for a while, but none in use", async () => {
  using directory = new GivenDirectory(SIX);
  const [a, b] = await listed(directory);
  const clock = new VirtualClock();
  await using open = new OpenFiles(clock);
  const { promise, resolve } = Promise.withResolvers<void>();
  const used = a && open.use(a, () => promise);
  if (b) await open.use(b, turn);
  clock.advance(OPEN_FILE_IDLE_MS_MAX);
  while (openIn(directory).length > 1) await turn();
  deepEqual(openIn(directory), ["a"]);
  resolve();
  await used;
});

test("OpenFiles closes at once what was disposed of while it was in use", async () => {
  using directory = new GivenDirectory(SIX);
  const [a] = await listed(directory);
  const open = new OpenFiles(new VirtualClock());
  const { promise, resolve } = Promise.withResolvers<void>();
  const used = a && open.use(a, () => promise);
  await open[Symbol.asyncDispose]();
  resolve();
  await used;
  deepEqual(openIn(directory), []);
});

test("OpenFiles does not keep a file whose work failed", async () => {
  using directory = new GivenDirectory(SIX);
  const [a] = await listed(directory);
  await using open = new OpenFiles(new VirtualClock());
  const failing = a && open.use(a, () => Promise.reject(new Error("no")));
  await rejects(failing ?? Promise.resolve(), { message: "no" });
  deepEqual(openIn(directory), []);
});

async function listed(directory: GivenDirectory): Promise<ListedFile[]> {
  const { files } = await listContent(directory.path);
  return files.map((file) => ({ path: directory.at(file.path.join("/")), listed: file }));
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
