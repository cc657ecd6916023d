import { deepEqual, equal, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { layoutTorrent, type Metainfo, makeMetainfo, parseMetainfo } from "@seedfleet/metainfo";
import { realPartTest } from "@seedfleet/testkit";
import { plainHashes } from "./plain-hashes.ts";
import { contentOf, type RandomTree, randomTree } from "./random-trees.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const TREES = 200;
const SCRIPT: string = join(import.meta.dirname, "metainfo-libtorrent.py");
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** One line of what the script says, about a torrent of ours. */
type Loaded = {
  readonly name: string;
  readonly infoHash: string | null;
  readonly infoHashV2: string | null;
  readonly pieceLength: number;
  readonly pieces: number;
  readonly size: number;
  readonly private: boolean;
  readonly collections: readonly string[];
  readonly files: readonly {
    readonly path: string;
    readonly size: number;
    readonly offset: number;
    readonly padding: boolean;
    readonly executable: boolean;
    readonly hidden: boolean;
  }[];
};

/** A tree, what we made of it, and where libtorrent is to put what it makes. */
type Case = {
  readonly tree: RandomTree;
  readonly metainfo: Metainfo;
  readonly torrent: string;
  readonly made: string;
  readonly content: string;
};

realPartTest(
  ["python3-libtorrent"],
  `${TREES} torrents of each maker mean to the other what they mean to itself`,
  async (t, paths) => {
    await using work = await temporaryDirectory();
    const cases: Case[] = [];
    for (let seed = 0; seed < TREES; seed += 1) cases.push(await givenCase(work.path, seed));
    const manifest = join(work.path, "manifest.json");
    await writeFile(manifest, JSON.stringify(cases.map(manifestEntry)));

    const { stdout } = await promisify(execFile)(paths["python3-libtorrent"], [SCRIPT, manifest], {
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    const lines = stdout.trimEnd().split("\n");
    equal(lines.length, TREES + 1);
    for (const [seed, each] of cases.entries()) {
      const loaded: Loaded = JSON.parse(lines[seed] ?? "");
      await t.test(`tree ${seed}, ${each.tree.version}`, async () => {
        deepEqual(loaded, expectedOf(each));
        await sameAsMade(each);
      });
    }
    const progress: readonly number[] = JSON.parse(lines.at(-1) ?? "");
    deepEqual(
      progress,
      cases.map(() => 1),
      "libtorrent finds content that does not verify",
    );
  },
);

async function givenCase(work: string, seed: number): Promise<Case> {
  const tree = randomTree(seed);
  const { version, pieceLengthBytes, name, single } = tree;
  const content = join(work, "content", `${seed}`);
  for (const file of tree.files) {
    const path = join(content, ...(single ? [] : [name]), ...file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contentOf(seed, file));
  }
  const { files } = layoutTorrent(tree);
  const hashed = files.map((file) => ({
    padding: file.padding,
    content: file.padding ? Buffer.alloc(file.lengthBytes) : contentOf(seed, file),
  }));
  const hashes = plainHashes(hashed, { version, pieceLengthBytes });
  const bytes = makeMetainfo({ ...tree, ...hashes });
  const torrent = join(work, `${seed}.torrent`);
  await writeFile(torrent, bytes);
  const metainfo = parseMetainfo(bytes);
  ok(metainfo.kind === "metainfo");
  return { tree, metainfo, torrent, made: join(work, `${seed}.made.torrent`), content };
}

function manifestEntry({ tree, torrent, made, content }: Case): object {
  const { version, name, single, pieceLengthBytes: pieceLength, collections } = tree;
  const files = tree.files.map(({ lengthBytes: size, ...file }) => ({ ...file, size }));
  const given = { version, name, single, pieceLength, collections, private: tree.private, files };
  return { torrent, made, content, ...given };
}

/** What libtorrent must find in our torrent; its paths begin with the torrent's name. */
function expectedOf({ tree, metainfo }: Case): Loaded {
  const { name, single, infoHash, infoHashV2 } = metainfo;
  return {
    name: tree.name,
    infoHash: tree.version === "v2" ? null : infoHash,
    infoHashV2,
    pieceLength: metainfo.pieceLengthBytes,
    pieces: metainfo.pieceCount,
    size: metainfo.sizeBytes,
    private: tree.private,
    collections: tree.collections.toSorted(),
    files: metainfo.files.map(({ path, lengthBytes, offsetBytes, ...file }) => ({
      path: (single && !file.padding ? path : [name, ...path]).join("/"),
      size: lengthBytes,
      offset: offsetBytes,
      padding: file.padding,
      executable: file.executable,
      hidden: file.hidden,
    })),
  };
}

/** Given the same, libtorrent makes the same: to the bit in all that the info hashes are of. */
async function sameAsMade({ metainfo, made }: Case): Promise<void> {
  const theirs = parseMetainfo(await readFile(made));
  ok(theirs.kind === "metainfo", "code" in theirs ? theirs.code : "");
  equal(Buffer.from(metainfo.infoBytes).toString("latin1"), latin1(theirs.infoBytes));
  deepEqual(theirs.pieceHashes, metainfo.pieceHashes);
  deepEqual(theirs.pieceRoots, metainfo.pieceRoots);
  deepEqual(theirs.files, metainfo.files);
  equal(theirs.infoHash, metainfo.infoHash);
  equal(theirs.infoHashV2, metainfo.infoHashV2);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
