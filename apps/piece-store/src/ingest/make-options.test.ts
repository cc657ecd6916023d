import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import { renameSync, rmSync } from "node:fs";
import { test } from "node:test";
import { DEFAULT_TORRENT_OPTIONS, type TorrentOptions } from "@seedfleet/contracts";
import { type Metainfo, parseMetainfo } from "@seedfleet/metainfo";
import { GivenStore, type Published, remote } from "../testing.ts";
import { givenTorrent, PIECE_BYTES } from "./testing.ts";

const VERSIONS = ["v1", "v2", "hybrid"] as const;
const HASHED = "seedfleet_piece_store_hashed_bytes";

const CONTENTS: Readonly<Record<string, Uint8Array>> = {
  a: bytesOf(PIECE_BYTES * 40 + 1),
  "b/empty": Buffer.of(),
  "b/é \u{1f600}": bytesOf(PIECE_BYTES),
  c: bytesOf(7),
};

const FILES = Object.fromEntries(
  Object.entries(CONTENTS).map(([path, bytes]) => [`content/${path}`, bytes]),
);

for (const version of VERSIONS) {
  test(`what is asked for is in the .torrent (${version})`, async () => {
    await using given = await GivenStore.start(FILES);
    const options: TorrentOptions = {
      ...{ version, pieceLengthBytes: 2 * PIECE_BYTES, private: true },
      ...{ comment: "ünïcode \u{1f600}", source: "TRACKER" },
      webSeeds: ["https://a.example/x/", "ftp://b.example/y"],
    };
    const made = await metainfoOf(given, await given.publish("content", options));
    deepEqual(
      {
        ...{ version: made.version, pieceLengthBytes: made.pieceLengthBytes },
        ...{ private: made.private, comment: made.comment, source: made.source },
        webSeeds: made.webSeeds,
      },
      options,
    );
    deepEqual([made.trackers, made.creationDateSeconds], [[], null]);
    equal(made.createdBy, "Seedfleet");
  });

  test(`a ${version} torrent is that of the letter, however many threads hash it`, async () => {
    const byLetter = givenTorrent(CONTENTS, { version, createdBy: "Seedfleet" });
    for (const hashThreads of [1, 2, 5]) {
      await using given = await GivenStore.start(FILES, { hashThreads });
      const { entry } = await given.publish("content", { version, pieceLengthBytes: PIECE_BYTES });
      const bytes = await given.catalog.metainfo(entry.infoHash);
      ok(bytes !== null && Buffer.from(bytes).equals(byLetter.bytes));
    }
  });
}

test("nothing that is not asked for is in the .torrent", async () => {
  await using given = await GivenStore.start(FILES);
  const made = await metainfoOf(given, await given.publish("content", {}));
  deepEqual(
    [made.version, made.private, made.comment, made.source, made.webSeeds],
    ["hybrid", false, null, null, []],
  );
  equal(made.pieceLengthBytes, PIECE_BYTES);
});

const others: readonly Partial<TorrentOptions>[] = [
  { version: "v1" },
  { version: "v2" },
  { pieceLengthBytes: 65_536 },
  { private: true },
  { source: "" },
];

for (const options of others) {
  test(`other options make another torrent: ${JSON.stringify(options)}`, async () => {
    await using given = await GivenStore.start(FILES);
    const plain = await given.publish("content", {});
    const other = await given.publish("content", options);
    notEqual(other.entry.infoHash, plain.entry.infoHash);
    deepEqual([plain.hashed, other.hashed], [true, true]);
    // One location is one torrent: what was published from it last.
    deepEqual(await given.catalogued(), [other.entry.infoHash]);
    deepEqual(await given.publish("content", options), { ...other, hashed: false });
  });
}

test("what is not in the info dictionary makes another .torrent of the same torrent", async () => {
  await using given = await GivenStore.start(FILES);
  const plain = await given.publish("content", {});
  const other = await given.publish("content", { comment: "b", webSeeds: ["http://a.example/"] });
  equal(other.entry.infoHash, plain.entry.infoHash);
  const made = await metainfoOf(given, other);
  deepEqual([made.comment, made.webSeeds], ["b", ["http://a.example/"]]);
});

test("an empty file that comes, goes or moves makes another torrent", async () => {
  await using given = await GivenStore.start({ "d/a": "1", "d/b": "2" });
  const at = (path: string): string => given.directory.at(path);
  const changes = [
    () => {},
    () => given.directory.write("d/e", ""),
    () => renameSync(at("d/e"), at("d/f")),
    () => rmSync(at("d/f")),
  ];
  const seen = new Set<string>();
  for (const change of changes) {
    change();
    const { entry, hashed } = await given.publish("d");
    equal(hashed, true);
    seen.add(entry.infoHash);
    equal((await given.publish("d")).hashed, false);
  }
  // The last is what the first was.
  equal(seen.size, 3);
});

const mirrors = [
  { given: "lacks a file", mirror: "mirror", code: "content-missing" },
  { given: "is not there", mirror: "absent", code: "content-missing" },
  { given: "may not be read", mirror: "/etc", code: "path-outside-roots" },
] as const;

for (const { given: situation, mirror, code } of mirrors) {
  test(`a mirror that ${situation} is told of before anything is hashed`, async () => {
    await using given = await GivenStore.start({ ...FILES, "mirror/a": CONTENTS["a"] ?? "" });
    const options = DEFAULT_TORRENT_OPTIONS;
    const job = await given.submitTo(["content", mirror], { kind: "make", options });
    await rejects(given.resultOf(job), remote(code));
    equal(given.telemetry.recorded.total(HASHED), 0);
  });
}

test("progress is told of the bytes that are read, without the padding between files", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [`d/${index}`, bytesOf(100, `${index}`)]),
  );
  await using given = await GivenStore.start(files);
  const told: unknown[] = [];
  await given.resultOf(await given.submit("d"), ({ phase, doneBytes, totalBytes, remainingMs }) => {
    if (phase === "hashing") told.push([doneBytes, totalBytes, remainingMs === 0]);
  });
  deepEqual(told[0], [0, 5_000, false]);
  deepEqual(told.at(-1), [5_000, 5_000, true]);
  equal(given.telemetry.recorded.total(HASHED), 5_000);
});

async function metainfoOf(given: GivenStore, { entry }: Published): Promise<Metainfo> {
  const metainfo = parseMetainfo((await given.catalog.metainfo(entry.infoHash)) ?? Buffer.of());
  ok(metainfo.kind === "metainfo");
  return metainfo;
}

/** The same bytes for the same seed each time. */
function bytesOf(sizeBytes: number, seed = ""): Uint8Array {
  return createHash("shake256", { outputLength: sizeBytes })
    .update(`${sizeBytes} ${seed}`)
    .digest();
}
