import { equal, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { realPartTest } from "@seedfleet/testkit";
import { WAITS_FOR_PEERS } from "./libtorrent.ts";
import { MirrorFleet, peerOption } from "./mirror-fleet.ts";
import { type SeededTorrent, seededTorrent } from "./seeded-torrent.ts";
import { event } from "./seedfleet.ts";

const PIECE_LENGTH_BYTES = 65_536;
const FILES = {
  "README.md": 1_000,
  "data/test/a.bin": 20 * PIECE_LENGTH_BYTES + 3,
  "data/train/a.bin": 60 * PIECE_LENGTH_BYTES,
} as const;

const ways: readonly {
  readonly by: string;
  readonly asked: (torrent: SeededTorrent) => readonly [named: string, ...args: string[]];
}[] = [
  {
    by: "patterns",
    asked: ({ torrentFile }) => [torrentFile, "--only", "data/test", "--only", "*.md"],
  },
  {
    by: "a magnet",
    asked: ({ metainfo }) => [`magnet:?xt=urn:btih:${metainfo.infoHash}&so=0-1`],
  },
];

for (const { by, asked } of ways) {
  const title = `files chosen by ${by} are mirrored from a libtorrent seed, and then the rest`;
  realPartTest(["python3-libtorrent", "nats-server"], title, async (t) => {
    await using fleet = await MirrorFleet.start();
    const torrent = await seededTorrent(join(fleet.path, "seed"), {
      ...{ version: "v1", files: FILES, pieceLengthBytes: PIECE_LENGTH_BYTES },
    });
    const seed = await fleet.seed(torrent, WAITS_FOR_PEERS);
    await fleet.mirror(...asked(torrent), ...peerOption(seed)).succeeded();
    type Listed = {
      readonly state: string;
      readonly chosenPieces: number;
      readonly missingPieces: number;
      readonly downloadedBytes: number;
    };
    const [line = ""] = await fleet.run("mirrors");
    const listed = event<Listed>(line, "mirror");
    ok(listed !== null);
    equal(listed.state, "partial");
    equal(listed.missingPieces, 0);
    // 21 pieces of the file, of which the first has the other in it.
    equal(listed.chosenPieces, 21);
    t.diagnostic(`${listed.downloadedBytes} bytes came`);
    ok(listed.downloadedBytes <= 23 * PIECE_LENGTH_BYTES);
    for (const path of ["README.md", "data/test/a.bin"]) {
      const kept = join(fleet.path, "managed", torrent.metainfo.infoHash, "content", path);
      const right = join(torrent.directory, torrent.metainfo.name, path);
      ok((await readFile(kept)).equals(await readFile(right)));
    }

    await fleet.mirror(torrent.torrentFile, "--only", "*", ...peerOption(seed)).succeeded();
    await fleet.expectMirrored(torrent);
  });
}
