import { equal, match, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { realPartTest } from "@seedfleet/testkit";
import { aria2Client, type DownloadClient, libtorrentClient } from "./clients.ts";
import { type GivenFiles, givenTree } from "./given-content.ts";
import { type Ready, startUp } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHostIpv6 as host } from "./test-host.ts";

const FILES: GivenFiles = { "image.iso": 3_000_000, "note.txt": 3 };

type Torrent = Ready["torrents"][number];

/** Each has a torrent of its own, so that none gets anything from another. */
type Case = {
  readonly name: string;
  readonly client: DownloadClient;
  readonly linkOf: (torrent: Torrent) => string;
};

const byFile = ({ torrentFile }: Torrent): string => torrentFile;
const byMagnet = ({ magnet }: Torrent): string => magnet;

const CASES: readonly Case[] = [
  { name: "libtorrent by its file", client: libtorrentClient, linkOf: byFile },
  { name: "libtorrent by its magnet", client: libtorrentClient, linkOf: byMagnet },
  { name: "aria2 by its file", client: aria2Client, linkOf: byFile },
  { name: "aria2 by its magnet", client: aria2Client, linkOf: byMagnet },
];

realPartTest(
  ["python3-libtorrent", "aria2c"],
  "a fleet on an IPv6 address serves libtorrent and aria2",
  async (t) => {
    await using work = await temporaryDirectory();
    const trees = CASES.map(({ name }) => givenTree(join(work.path, "content", name), FILES));
    const { program, ready } = await startUp(
      host,
      await Promise.all(trees),
      join(work.path, "data"),
    );
    await using _program = program;
    await givesUrlsThatWork(ready);

    const downloads = CASES.map(async ({ name, client, linkOf }) => {
      const torrent = ready.torrents.find((each) => each.name === name);
      ok(torrent !== undefined);
      const directory = join(work.path, "downloads", name);
      const startedAtMs = performance.now();
      const download = { host, torrentFile: linkOf(torrent), directory };
      await using running = await client.start(download);
      await running.succeeded();
      await client.expectSame(join(directory, name), join(work.path, "content", name));
      t.diagnostic(`${name}: ${Math.round(performance.now() - startedAtMs)} ms`);
    });
    await Promise.all(downloads);
    equal(await program.stop(), 0);
  },
);

async function givesUrlsThatWork(ready: Ready): Promise<void> {
  match(ready.peerAddress, /^\[::1\]:\d+$/);
  for (const url of [...ready.trackerUrls, ready.consoleUrl]) {
    match(url, /^(http|udp):\/\/\[::1\]:\d+/);
  }
  const { torrentUrl = "", torrentFile = "" } = ready.torrents[0] ?? {};
  const served = Buffer.from(await (await fetch(torrentUrl)).arrayBuffer());
  ok(served.equals(await readFile(torrentFile)));
}
