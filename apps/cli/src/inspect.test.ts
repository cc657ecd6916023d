import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { errorCode, SeedfleetError } from "@seedfleet/runtime";
import { inspect } from "./inspect.ts";
import { eventsOf, runToEnd } from "./testing.ts";

const FIXTURES = join(import.meta.dirname, "../../../../shared/fixtures/torrents");
const SKIP = existsSync(FIXTURES) ? false : `there is no ${FIXTURES}`;

type Expected = { readonly accept: boolean; readonly error?: string };

function readExpected(): readonly (readonly [string, Expected])[] {
  if (SKIP !== false) return [];
  const rows: Record<string, Expected> = JSON.parse(
    readFileSync(join(FIXTURES, "expected.json"), "utf8"),
  );
  return Object.entries(rows);
}

async function inspected(torrent: string, files = false): Promise<string> {
  const told: string[] = [];
  await inspect({ torrent, files, json: false }, (each) => told.push(each));
  return told.join("");
}

async function inspectedJson(torrent: string): Promise<Record<string, unknown>> {
  const told: string[] = [];
  await inspect({ torrent, files: false, json: true }, (each) => told.push(each));
  equal(told.length, 1);
  match(told.join(""), /^[^\n]+\n$/);
  return JSON.parse(told.join(""));
}

const rows = readExpected();

test("the fixtures of libtorrent are there", { skip: SKIP }, () => equal(rows.length, 70));

for (const [name, expected] of rows) {
  const path = join(FIXTURES, name);
  if (expected.accept) {
    test(`inspect --json of ${name} tells what libtorrent reads in it`, async () => {
      const told = await inspectedJson(path);
      equal(told["kind"], "torrent");
      const { infoHash, infoHashV2, name: named, pieceLength, pieces, totalSize } = told;
      const { libtorrent208: _, ...now }: Expected & { libtorrent208?: string } = expected;
      deepEqual(
        {
          ...{ accept: true, name: named, pieceLength, pieces, totalSize },
          private: told["private"],
          ...(infoHash === null ? {} : { infoHash }),
          ...(infoHashV2 === null ? {} : { infoHashV2 }),
        },
        now,
      );
      ok((await inspected(path)).includes(`${infoHashV2 ?? infoHash}`));
    });
  } else {
    test(`inspect of ${name} gives the error that libtorrent gives`, async () => {
      const code = expected.error?.replaceAll("_", "-");
      for (const inspecting of [inspected, inspectedJson]) {
        await rejects(inspecting(path), (error) => {
          ok(error instanceof SeedfleetError);
          match(error.message, /^Cannot take \S+: [^\n]+\)$/);
          ok(error.message.endsWith(`(${code})`));
          return error.detail.code === code;
        });
      }
    });
  }
}

const INFO = `d6:lengthi425e4:name4:temp12:piece lengthi16384e6:pieces20:${"a".repeat(20)}e`;
const TORRENT = `d8:announce8:udp://t/7:comment5:\x1b[31m4:info${INFO}e`;
const HASH = "ab".repeat(20);
const HASH_V2 = "cd".repeat(32);

test("inspect --json of a torrent tells everything in it", async () => {
  using directory = new GivenDirectory({ "a.torrent": TORRENT });
  const told = await inspectedJson(directory.at("a.torrent"));
  match(String(told["infoHash"]), /^[0-9a-f]{40}$/);
  deepEqual(told, {
    ...{ kind: "torrent", name: "temp", infoHash: told["infoHash"], infoHashV2: null },
    ...{ version: "v1", single: true, private: false, pieceLength: 16_384, pieces: 1 },
    ...{ totalSize: 425, trackers: [["udp://t/"]], webSeeds: [], httpSeeds: [], source: null },
    ...{ comment: "\x1b[31m", createdBy: null, creationDate: null, similar: [], collections: [] },
    files: [
      {
        ...{ path: "temp", size: 425, padding: false, executable: false, hidden: false },
        symlink: null,
      },
    ],
  });
  ok((await inspected(directory.at("a.torrent"))).includes("comment       \\u{1b}[31m\n"));
});

const TOPICS = `xt=urn:btih:${HASH}&xt=urn:btmh:1220${HASH_V2}`;
const LINK = `magnet:?${TOPICS}&dn=a&tr=udp://t/&tr=udp://u/&so=1-2`;

test("inspect --json of a magnet link tells everything in it", async () => {
  deepEqual(await inspectedJson(`${LINK}&ws=http://w/&x.pe=[::1]:6881`), {
    ...{ kind: "magnet", name: "a", infoHash: HASH, infoHashV2: HASH_V2, version: "hybrid" },
    ...{ trackers: [["udp://t/"], ["udp://u/"]], webSeeds: ["http://w/"], selectOnly: "1-2" },
    peers: [{ host: "::1", port: 6881 }],
  });
  const alone = await inspectedJson(`MAGNET:?xt=urn:btmh:1220${HASH_V2}`);
  deepEqual([alone["infoHash"], alone["infoHashV2"], alone["name"]], [null, HASH_V2, null]);
});

test("inspect takes a magnet link from a file as well", async () => {
  using directory = new GivenDirectory({ link: `${LINK}\n` });
  deepEqual(await inspectedJson(directory.at("link")), await inspectedJson(LINK));
});

const refused = [
  {
    given: "a link without an info hash",
    torrent: "magnet:?dn=a",
    code: "magnet-missing-info-hash",
  },
  { given: "a path to nothing", torrent: "/nowhere/a.torrent", code: "torrent-unreadable" },
  { given: "a directory", torrent: import.meta.dirname, code: "torrent-unreadable" },
  { given: "a file that is none", torrent: import.meta.filename, code: "invalid-bencoding" },
  { given: "a file without an end", torrent: "/dev/zero", code: "metainfo-too-large" },
] as const;

for (const { given, torrent, code } of refused) {
  test(`inspect of ${given} says so`, async () => {
    await rejects(inspected(torrent), (error) => errorCode(error) === code);
  });
}

test("the command inspect ends with 1 and one line where a torrent is refused", async () => {
  using directory = new GivenDirectory({ "bad.torrent": "d4:infode" });
  const args = ["inspect", directory.at("bad.torrent")];
  const told = await runToEnd(args, { cwd: directory.path });
  deepEqual([told.code, told.stdout], [1, ""]);
  match(told.stderr, /^seedfleet: Cannot take \S+: [^\n]*\(invalid-bencoding\)\n$/);
  const json = await runToEnd([...args, "--json"], { cwd: directory.path });
  equal(json.code, 1);
  deepEqual(
    eventsOf(json.stdout).map(({ code }) => code),
    ["invalid-bencoding"],
  );
});

test("the command inspect reads standard input, and minds no reader that goes", async () => {
  const main = join(import.meta.dirname, "main.ts");
  const files = Array.from({ length: 20_000 }, (_, index) => {
    const name = `file-${index}`;
    return `d6:lengthi1e4:pathl${name.length}:${name}ee`;
  });
  const pieces = `12:piece lengthi16384e6:pieces40:${"a".repeat(40)}`;
  const info = `d5:filesl${files.join("")}e4:name1:a${pieces}e`;
  const child = spawn(process.execPath, [main, "inspect", "-", "--files"]);
  const said = text(child.stderr);
  const closed = once(child, "close");
  child.stdin.end(`d4:info${info}e`);
  const [first] = await once(child.stdout, "data");
  match(String(first), /^a\n {2}version {7}v1\n/);
  child.stdout.destroy();
  const [code] = await closed;
  deepEqual([code, await said], [0, ""]);
});
