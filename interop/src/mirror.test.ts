import { deepEqual, equal, ok } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatMagnet, type TorrentVersion } from "@seedfleet/metainfo";
import { realPartTest } from "@seedfleet/testkit";
import { eventually } from "./eventually.ts";
import { startLibtorrent } from "./libtorrent.ts";
import { MirrorFleet, mirroring, peerOption } from "./mirror-fleet.ts";
import { sameTree } from "./same-tree.ts";
import { type SeededTorrent, seededTorrent } from "./seeded-torrent.ts";
import { event } from "./seedfleet.ts";
import { loopbackHost as host } from "./test-host.ts";
import { startTracker, watchScrape } from "./tracker-process.ts";

const PARTS = ["python3-libtorrent", "nats-server"] as const;

/** The last piece is short, and one file ends within a piece. */
const FILES = {
  "long.img": 40 * 65_536 + 5,
  "dir/名前.bin": 700_001,
  "tiny.txt": 1,
} as const;
const PIECE_LENGTH_BYTES = 65_536;

const VERSIONS: readonly TorrentVersion[] = ["v1", "hybrid", "v2"];

realPartTest(
  PARTS,
  "a .torrent is mirrored from its tracker's swarm, is the fleet's own from then on, and stays",
  async () => {
    await using fleet = await MirrorFleet.start();
    const dataDir = join(fleet.path, "tracker");
    const { program: tracker, ready } = await startTracker({ host, mode: "open", dataDir });
    await using _tracker = tracker;
    const torrent = await seededTorrent(join(fleet.path, "seed"), {
      ...{ version: "v1", files: FILES, pieceLengthBytes: PIECE_LENGTH_BYTES },
      announceUrl: ready.httpUrl,
    });
    const seed = await fleet.seed(torrent);
    await seed.program.line((line) => (line === "tracked" ? true : null));

    const command = fleet.mirror(torrent.torrentFile);
    await command.succeeded();
    await seed.program.stop("SIGINT");
    await fleet.expectMirrored(torrent);
    await listedAsWhole(fleet, torrent);
    // It is complete before its record goes.
    await eventually(() => standing(fleet), ["announced"]);

    const listed = await command.line((line) => event<{ torrentUrl: string }>(line, "torrent"));
    const torrentFile = join(fleet.path, "fleet.torrent");
    const served = await fetch(listed.torrentUrl);
    await writeFile(torrentFile, await served.bytes());
    const directory = join(fleet.path, "client");
    await using client = await startLibtorrent({ host, torrent: torrentFile, directory });
    await client.succeeded();
    await sameTree(join(directory, "content"), join(torrent.directory, "content"));
    await servesForeignSwarm(fleet, torrent, ready.httpUrl);
  },
);

/** Whoever asks the torrent's own tracker finds the fleet, until that is ended. */
async function servesForeignSwarm(
  fleet: MirrorFleet,
  torrent: SeededTorrent,
  url: string,
): Promise<void> {
  const { infoHash } = torrent.metainfo;
  const directory = join(fleet.path, "stranger");
  const { torrentFile } = torrent;
  await using stranger = await startLibtorrent({
    ...{ host, torrent: torrentFile, directory, stays: true },
  });
  await using scrape = watchScrape(host, infoHash, [url]);
  // One that goes the moment it is complete says `stopped` beside `completed`: either may be last.
  await scrape.shows("2 seeding 0 leeching 2");
  await stranger.stop("SIGINT");
  await sameTree(join(directory, "content"), join(torrent.directory, "content"));
  await scrape.shows("1 seeding 0 leeching 2");
  await fleet.run("cancel", infoHash);
  await scrape.shows("0 seeding 0 leeching 2");
  deepEqual(await standing(fleet), []);
  await listedAsWhole(fleet, torrent);
}

/** What `seedfleet mirrors` tells of each. */
async function standing(fleet: MirrorFleet): Promise<readonly string[]> {
  return (await fleet.run("mirrors")).map((line) => (JSON.parse(line) as { event: string }).event);
}

realPartTest(
  PARTS,
  "magnets of every version are mirrored from the peers that are named",
  async () => {
    await using fleet = await MirrorFleet.start();
    await Promise.all(VERSIONS.map((version) => mirrorMagnet(fleet, version)));
  },
);

realPartTest(
  PARTS,
  "a hybrid asked for by its v2 magnet, and then by its v1 magnet, is one mirror and one torrent",
  async () => {
    await using fleet = await MirrorFleet.start();
    const torrent = await seededTorrent(join(fleet.path, "both"), {
      ...{ version: "hybrid", files: FILES, pieceLengthBytes: PIECE_LENGTH_BYTES },
    });
    const seed = await fleet.seed(torrent, { upload_rate_limit: 1_000_000 });
    const { infoHash, infoHashV2 } = torrent.metainfo;
    const byV2 = fleet.mirror(`magnet:?xt=urn:btmh:1220${infoHashV2}`, ...peerOption(seed));
    await mirroring(byV2, (told) => told.infoHash === infoHash);
    const byV1 = fleet.mirror(`magnet:?xt=urn:btih:${infoHash}`, ...peerOption(seed));
    await byV2.succeeded();
    await byV1.succeeded();
    await fleet.expectMirrored(torrent);
    await listedAsWhole(fleet, torrent);
    deepEqual(await standing(fleet), []);
  },
);

async function mirrorMagnet(fleet: MirrorFleet, version: TorrentVersion): Promise<void> {
  const torrent = await seededTorrent(join(fleet.path, version), {
    ...{ version, files: FILES, pieceLengthBytes: PIECE_LENGTH_BYTES },
  });
  const seed = await fleet.seed(torrent);
  const { infoHash, infoHashV2, name } = torrent.metainfo;
  const command = fleet.mirror(formatMagnet({ infoHash, infoHashV2, name }), ...peerOption(seed));
  await command.succeeded();
  await fleet.expectMirrored(torrent);
  await listedAsWhole(fleet, torrent);
}

/** Nothing tells it from what was published here, but where it lies. */
async function listedAsWhole(fleet: MirrorFleet, { metainfo }: SeededTorrent): Promise<void> {
  type Listed = { readonly infoHash: string; readonly incomplete?: boolean };
  const all = (await fleet.run("ls")).map((line) => event<Listed>(line, "torrent"));
  const [listed, ...others] = all.filter((each) => each?.infoHash === metainfo.infoHash);
  ok(listed);
  equal(listed.incomplete, undefined);
  deepEqual(others, []);
}
