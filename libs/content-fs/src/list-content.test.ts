import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { listContent } from "./list-content.ts";
import { GivenDirectory } from "./testing.ts";

const pathsOf = async (path: string): Promise<string[]> =>
  (await listContent(path)).files.map((file) => file.path.join("/"));

test("listContent() given a file names it alone", async () => {
  using directory = new GivenDirectory({ "a file.iso": "12345" });
  const listing = await listContent(directory.at("a file.iso"));
  equal(listing.single, true);
  equal(listing.name, "a file.iso");
  equal(listing.sizeBytes, 5);
  deepEqual(
    listing.files.map(({ path, sizeBytes }) => ({ path, sizeBytes })),
    [{ path: ["a file.iso"], sizeBytes: 5 }],
  );
});

test("listContent() orders files by the bytes of their paths", async () => {
  // U+FF5E is before U+1F600 in bytes, but after it in UTF-16; "a-" is before "a/", and "é" last.
  const paths = ["B", "a-b", "a/b", "a/é", "a0", "b/c d/e", "é", "\uff5e", "\u{1f600}"];
  const files = Object.fromEntries(paths.toReversed().map((path) => [path, "x"]));
  using directory = new GivenDirectory({ ...files, empty: "" });
  mkdirSync(directory.at("no files here"));
  deepEqual(await pathsOf(directory.path), [
    "B", "a-b", "a/b", "a/é", "a0", "b/c d/e", "empty", "é", "\uff5e", "\u{1f600}",
  ]); // biome-ignore format: one line reads better
});

test("listContent() leaves out what is no regular file, and says so", async () => {
  using directory = new GivenDirectory({ "real/file": "x" });
  symlinkSync("file", directory.at("real/link"));
  symlinkSync("..", directory.at("real/circle"));
  symlinkSync("/etc/passwd", directory.at("outside"));
  execFileSync("mkfifo", [directory.at("pipe")]);
  const server = createServer().listen(directory.at("socket"));
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.on("listening", resolve);
  await listening;
  const { files, skipped } = await listContent(directory.path);
  server.close();
  deepEqual(
    files.map(({ path }) => path),
    [["real", "file"]],
  );
  deepEqual(skipped, ["outside", "pipe", "real/circle", "real/link", "socket"]);
});

test("listContent() follows the links of the path it is given", async () => {
  using directory = new GivenDirectory({ "release-1.2/disk.img": "x" });
  symlinkSync("release-1.2", directory.at("latest"));
  const listing = await listContent(directory.at("latest"));
  deepEqual([listing.name, listing.path], ["release-1.2", directory.at("release-1.2")]);
});

test("listContent() keeps a byte order mark that begins a name", async () => {
  using directory = new GivenDirectory({ "\ufeffname": "x" });
  deepEqual(await pathsOf(directory.path), ["\ufeffname"]);
});

const refused = [
  { given: "nothing at the path", path: "absent", code: "content-missing" },
  { given: "a file on the way", path: "empty-file/x", code: "content-missing" },
  { given: "an empty directory", path: "empty", code: "content-empty" },
  { given: "only empty files", path: "zeros", code: "content-empty" },
  { given: "an empty file", path: "empty-file", code: "content-empty" },
  { given: "a pipe", path: "pipe", code: "content-unreadable" },
  { given: "a circle of links", path: "circle", code: "content-unreadable" },
] as const;

for (const { given, path, code } of refused) {
  test(`listContent() given ${given} rejects with ${code}`, async () => {
    using directory = new GivenDirectory({ "empty-file": "", "zeros/a": "", "zeros/b/c": "" });
    mkdirSync(directory.at("empty"));
    execFileSync("mkfifo", [directory.at("pipe")]);
    symlinkSync("circle", directory.at("circle"));
    await rejects(listContent(directory.at(path)), hasCode(code));
  });
}

test("listContent() given a name that is not UTF-8 rejects with its bytes", async () => {
  using directory = new GivenDirectory({ "sub/file": "x" });
  writeFileSync(Buffer.from(`${directory.path}/sub/caf\xe9`, "latin1"), "x");
  const path = directory.at("sub");
  await rejects(listContent(directory.path), {
    message: `Cannot seed ${path}: the name $'caf\\xe9' in it is not UTF-8; rename it`,
  });
});

test("listContent() stops when its signal aborts", async () => {
  using directory = new GivenDirectory({ file: "x" });
  await rejects(listContent(directory.path, { signal: AbortSignal.abort() }), {
    name: "AbortError",
  });
});

const unreadable = [
  { given: "an unreadable file", path: "sub/secret" },
  { given: "an unreadable directory", path: "sub" },
] as const;

for (const { given, path } of unreadable) {
  test(`listContent() given ${given} rejects before anything is read`, () => {
    using directory = new GivenDirectory({ "sub/secret": "x", open: "x" });
    chmodSync(directory.path, 0o755);
    chmodSync(directory.at(path), 0);
    // Root may read anything, so the listing is made by a process that is nobody.
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", LIST_AS_NOBODY], {
      env: { ...process.env, LISTED: directory.path },
      encoding: "utf8",
    });
    chmodSync(directory.at(path), 0o755);
    match(
      output,
      new RegExp(`^content-unreadable Cannot read ${directory.at(path)}: this process`),
    );
  });
}

const LIST_AS_NOBODY = `
  const { listContent } = await import("${join(import.meta.dirname, "list-content.ts")}");
  if (process.getuid() === 0) {
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
  }
  const error = await listContent(process.env.LISTED).catch((error) => error);
  process.stdout.write(error.detail?.code + " " + error.message);
`;

function hasCode(code: string): (error: { readonly detail: { readonly code: string } }) => boolean {
  return ({ detail }) => detail.code === code;
}
