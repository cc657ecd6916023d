import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TorrentOptions } from "@seedfleet/contracts";
import { GivenStore, remote } from "../testing.ts";
import { writeLong } from "./testing.ts";
import { unsuitable } from "./unsuitable.ts";

const GIB: number = 2 ** 30;
const HASHED = "seedfleet_piece_store_hashed_bytes";
const DEEP = Array.from({ length: 10 }, (_, index) => `${index}`.repeat(220)).join("/");

type Refusal = {
  readonly given: string;
  readonly path: string;
  readonly options?: Partial<TorrentOptions>;
  /** The path that is to blame, and what is said of it. */
  readonly blames: string;
  readonly says: RegExp;
};

const refusals: readonly Refusal[] = [
  ...["ba\\d", "b\u0001ad", "\u202egpj.exe", "_____padding_file_0_x"].map((name) => ({
    given: `a file named ${JSON.stringify(name)}`,
    path: "named",
    blames: `named/in/${name}`,
    says: /a name in this path; rename it/,
  })),
  {
    given: "a name of its own that no torrent carries",
    ...{
      path: "ba\\d directory",
      blames: "ba\\d directory",
      says: /cannot carry its name; rename/,
    },
  },
  {
    given: "a path that is too long",
    ...{ path: "deep", blames: `deep/${DEEP}/x`, says: /so long a path; put it in fewer direct/ },
  },
  {
    given: "more pieces than a torrent may have",
    ...{ path: "huge", options: { pieceLengthBytes: 16_384 }, blames: "huge" },
    says: /too large for one torrent; take longer pieces, or publish its parts/,
  },
  {
    given: "as many pieces as there are bytes",
    ...{ path: "huge", options: { version: "v1", pieceLengthBytes: 1 }, blames: "huge" },
    says: /too large for one torrent; take longer pieces, or publish its parts/,
  },
  {
    given: "more hashes than a .torrent may hold",
    ...{ path: "large", options: { pieceLengthBytes: 16_384 }, blames: "large" },
    says: /its \.torrent would be larger than clients read; take longer pieces/,
  },
  ...[20_000, 8_192, 2 ** 29].map((pieceLengthBytes) => ({
    given: `pieces of ${pieceLengthBytes} bytes`,
    ...{ path: "d", options: { pieceLengthBytes }, blames: "d" },
    says: /pieces cannot be so long; take a power of two from 16 KiB to 256 MiB/,
  })),
  {
    given: "a directory of one file for v2 alone",
    ...{ path: "d", options: { version: "v2" }, blames: "d" },
    says: /its one file lies in a directory; publish the file itself, or publish it as hybrid/,
  },
  {
    given: "a web seed that is no URL",
    ...{ path: "d", options: { webSeeds: ["here"] }, blames: "d" },
    says: /a web seed is no URL/,
  },
];

for (const { given: situation, path, options = {}, blames, says } of refusals) {
  test(`publishing is refused before hashing given ${situation}`, async () => {
    await using given = await GivenStore.start({ "d/a": "1", "ba\\d directory/a": "1" });
    if (path === "named") given.directory.write(blames, "1");
    if (path === "deep") given.directory.write(blames, "1");
    given.directory.write("huge", "");
    truncateSync(given.directory.at("huge"), 40 * GIB);
    given.directory.write("large", "");
    truncateSync(given.directory.at("large"), 22 * GIB);
    await rejects(given.publish(path, options), (error: Error) => {
      ok(error.message.startsWith(`Cannot seed ${given.directory.at(blames)}: `), error.message);
      ok(says.test(error.message), error.message);
      return remote("content-unsuitable")(error);
    });
    equal(given.telemetry.recorded.total(HASHED), 0);
    deepEqual(await given.catalogued(), []);
  });
}

test("a directory of one file is published as hybrid, and its file alone as v2", async () => {
  await using given = await GivenStore.start({ "d/a": "1" });
  equal((await given.publish("d", { version: "hybrid" })).entry.name, "d");
  equal((await given.publish("d/a", { version: "v2" })).entry.name, "a");
});

test("unsuitable() blames a file of a URL by its URL", () => {
  const draft = { files: [{ path: ["b", "c d"], lengthBytes: 1 }] };
  const violation = { kind: "violation", code: "path-too-long", file: 0 } as const;
  const listing = { path: "https://a.example/x/", single: false };
  equal(unsuitable(listing, draft, violation).detail.code, "content-unsuitable");
  const pathOf = (path: string, single: boolean): string =>
    unsuitable({ path, single }, draft, violation).message.split(": a torrent")[0] ?? "";
  equal(pathOf("https://a.example/x/", false), "Cannot seed https://a.example/x/b/c d");
  equal(pathOf("s3://bucket/x", false), "Cannot seed s3://bucket/x/b/c d");
  equal(pathOf("https://a.example/x", true), "Cannot seed https://a.example/x");
});

test("unsuitable() has words for what only many files can break", () => {
  const listing = { path: "/d", single: false };
  for (const code of ["token-limit-exceeded", "too-many-files"] as const) {
    const { message } = unsuitable(listing, { files: [] }, { kind: "violation", code, max: 1 });
    equal(
      message,
      "Cannot seed /d: it has too many files for one torrent; publish its parts one by one",
    );
  }
});

test("a directory that may not be read is refused, and named", async () => {
  await using given = await GivenStore.start({ "d/a": "1", "d/secret/b": "1" });
  chmodSync(given.directory.path, 0o755);
  chmodSync(given.directory.at("d/secret"), 0);
  const path = given.directory.at("d/secret");
  await asNobody(async () => {
    await rejects(given.publish("d"), (error: Error) => {
      ok(error.message.includes(`Cannot read ${path}: this process may not read it`));
      return remote("content-unreadable")(error);
    });
  });
  chmodSync(given.directory.at("d/secret"), 0o755);
  deepEqual(await given.catalogued(), []);
});

test("a link that leads in a circle is refused; those in a directory are left out", async () => {
  await using given = await GivenStore.start({ "d/a": "1" });
  symlinkSync("circle", given.directory.at("circle"));
  symlinkSync("..", given.directory.at("d/up"));
  symlinkSync("self", given.directory.at("d/self"));
  symlinkSync("/etc", given.directory.at("d/out"));
  await rejects(given.publish("circle"), remote("content-unreadable"));
  const { skipped, entry } = await given.publish("d");
  deepEqual([skipped, entry.fileCount], [["out", "self", "up"], 1]);
});

test("a name that is not UTF-8 is refused, as a shell takes it", async () => {
  await using given = await GivenStore.start({ "d/a": "1" });
  writeFileSync(Buffer.from(`${given.directory.path}/d/caf\xe9`, "latin1"), "x");
  await rejects(given.publish("d"), (error: Error) => {
    ok(error.message.includes("the name $'caf\\xe9' in it is not UTF-8; rename it"));
    return remote("content-name-not-utf8")(error);
  });
});

const changes = [
  { given: "grows", change: (path: string) => truncateSync(path, GIB) },
  { given: "shrinks", change: (path: string) => truncateSync(path, 1) },
  { given: "vanishes", change: (path: string) => rmSync(path) },
  {
    given: "becomes a directory",
    change: (path: string) => {
      rmSync(path);
      mkdirSync(path);
    },
  },
];

for (const { given: situation, change } of changes) {
  test(`a file that ${situation} while it is read ends the job`, async () => {
    await using given = await GivenStore.start({ "d/a": "1" });
    const path = given.directory.at(join("d", "long"));
    writeLong(path, 512 * 2 ** 20);
    let isChanged = false;
    const result = given.resultOf(await given.submit("d"), ({ phase }) => {
      if (phase !== "hashing" || isChanged) return;
      isChanged = true;
      change(path);
    });
    await rejects(result, (error: Error) => {
      ok(error.message.includes(`${path}: it has changed`), error.message);
      return remote("content-changed")(error);
    });
    deepEqual(await given.catalogued(), []);
  });
}

/** Root may read anything. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const { geteuid, seteuid } = process;
  if (geteuid?.() !== 0) return await work();
  seteuid?.(65_534);
  try {
    await work();
  } finally {
    seteuid?.(0);
  }
}
