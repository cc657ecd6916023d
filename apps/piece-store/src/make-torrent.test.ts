import { deepEqual, equal, rejects } from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FsContentSource } from "@seedfleet/content-fs";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { type Rng, seededRng, systemClock } from "@seedfleet/runtime";
import { hashPieces } from "./hash-pieces.ts";
import { layoutOf } from "./layout.ts";
import { makeTorrent, type Torrent } from "./make-torrent.ts";
import { HASH_BUFFERS_MAX, HASH_READ_BYTES } from "./read-ahead.ts";

const RUNS = 60;

const silent = { signal: new AbortController().signal, hashed: (_bytes: number): void => {} };

/** Names that are awkward to somebody: to a shell, to a URL, to an order by UTF-16. */
const NAMES = [
  "a",
  "a b",
  "-x",
  "%41",
  "é",
  "日本",
  "\u{1f600}",
  ".hidden",
  "'q\"",
  "a;b",
] as const;

test("makeTorrent() gives the hashes of the whole content cut into pieces", async () => {
  const seed = randomBytes(4).readUInt32LE();
  const rng = seededRng(seed);
  for (let run = 0; run < RUNS; run += 1) {
    using directory = new GivenDirectory(anyTree(rng));
    await using source = new FsContentSource({ clock: systemClock });
    const listing = await source.list(directory.path);
    const content = source.open(listing);
    const { metainfo } = await makeTorrent(content, { ...silent, private: false });
    const inOrder = metainfo.files.map(({ path }) => path.join("/"));
    const whole = Buffer.concat(inOrder.map((path) => readFileSync(directory.at(path))));
    const expected = naiveHashes(whole, metainfo.pieceLengthBytes);
    deepEqual(Buffer.from(metainfo.pieceHashes), expected, `seed ${seed}, run ${run}`);
    // The chosen piece length of small content is one; hashing must not depend on it.
    const pieceLengthBytes = 1 + rng.below(50_000);
    const pieceHashes = Buffer.alloc(Math.ceil(whole.length / pieceLengthBytes) * 20);
    const layout = layoutOf(listing);
    await hashPieces(content, { ...silent, layout, pieceLengthBytes, pieceHashes });
    deepEqual(pieceHashes, naiveHashes(whole, pieceLengthBytes), `seed ${seed}, run ${run}`);
  }
});

test("makeTorrent() hashes content larger than all its buffers", async () => {
  const whole = randomBytes(HASH_READ_BYTES * (HASH_BUFFERS_MAX * 2 + 1) + 4_711);
  using directory = new GivenDirectory({ "large.bin": whole });
  const told: number[] = [];
  const { metainfo } = await torrentOf(directory.at("large.bin"), (bytes) => told.push(bytes));
  deepEqual(Buffer.from(metainfo.pieceHashes), naiveHashes(whole, metainfo.pieceLengthBytes));
  equal(told.at(-1), whole.length);
  deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
});

test("makeTorrent() gives the same bytes for the same content, and no date", async () => {
  const files = { "b/c": "12345", a: "", "b/a": "67890" };
  using one = new GivenDirectory({ "name/x": "" });
  for (const [path, bytes] of Object.entries(files)) one.write(`name/${path}`, bytes);
  const first = await torrentOf(one.at("name"));
  using other = new GivenDirectory({ "name/x": "" });
  for (const [path, bytes] of Object.entries(files).toReversed()) {
    other.write(`name/${path}`, bytes);
  }
  const second = await torrentOf(other.at("name"));
  deepEqual(first.metainfoBytes, second.metainfoBytes);
  const { trackers, creationDateSeconds, createdBy, private: isPrivate } = first.metainfo;
  deepEqual(
    { trackers, creationDateSeconds, createdBy, isPrivate },
    { trackers: [], creationDateSeconds: null, createdBy: "Seedfleet", isPrivate: false },
  );
});

const unsuitable = [
  {
    given: "a name that no torrent carries",
    path: "sub/back\\slash",
    violation: "torrent-invalid-name",
  },
  {
    given: "a path that is too long",
    path: `${`${"d".repeat(200)}/`.repeat(11)}file`,
    violation: "path-too-long",
  },
] as const;

for (const { given, path, violation } of unsuitable) {
  test(`makeTorrent() given ${given} rejects before it hashes`, async () => {
    using directory = new GivenDirectory({ [path]: "x", fine: "x" });
    const hashed = (): never => {
      throw new Error("hashed");
    };
    await rejects(torrentOf(directory.path, hashed), {
      detail: { code: "content-unsuitable", path: directory.at(path), violation },
    });
  });
}

test("makeTorrent() stops when its signal aborts", async () => {
  using directory = new GivenDirectory({ file: randomBytes(HASH_READ_BYTES * 8) });
  await using source = new FsContentSource({ clock: systemClock });
  const content = source.open(await source.list(directory.path));
  const abort = new AbortController();
  const told: number[] = [];
  const hashed = (bytes: number): void => {
    told.push(bytes);
    abort.abort();
  };
  const options = { signal: abort.signal, hashed, private: false };
  await rejects(makeTorrent(content, options), { name: "AbortError" });
  equal(told.length, 1);
});

async function torrentOf(path: string, hashed = silent.hashed): Promise<Torrent> {
  await using source = new FsContentSource({ clock: systemClock });
  const content = source.open(await source.list(path));
  return await makeTorrent(content, { ...silent, hashed, private: false });
}

/** Some files, some of them empty, of sizes around those where something ends. */
function anyTree(rng: Rng): Record<string, Uint8Array> {
  const name = (): string => NAMES[rng.below(NAMES.length)] ?? "a";
  const files: Record<string, Uint8Array> = { "not-empty": randomBytes(1 + rng.below(100)) };
  for (let file = rng.below(12); file > 0; file -= 1) {
    const directories = Array.from({ length: rng.below(3) }, () => `d${name()}`);
    const size = [0, 1, rng.below(100_000), 16_384 * rng.below(4)][rng.below(4)] ?? 0;
    files[[...directories, `f${name()}${file}`].join("/")] = randomBytes(size);
  }
  return files;
}

function naiveHashes(whole: Uint8Array, pieceLengthBytes: number): Buffer {
  const hashes: Buffer[] = [];
  for (let at = 0; at < whole.length; at += pieceLengthBytes) {
    const piece = whole.subarray(at, at + pieceLengthBytes);
    hashes.push(createHash("sha1").update(piece).digest());
  }
  return Buffer.concat(hashes);
}
