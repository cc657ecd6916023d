import { ok } from "node:assert/strict";
import { join } from "node:path";
import { realPartTest } from "@seedfleet/testkit";
import { type DownloadClient, libtorrentClient, transmissionClient } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { givenTree } from "./given-content.ts";
import { scrape } from "./scrape.ts";
import { type Ready, startUp } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

const FILES = { "image.iso": 1_000_000 };

/** Magnets of one hybrid, by its v1 and by its v2 info hash, with the tracker's UDP URL alone. */
type Case = { readonly name: string; readonly client: DownloadClient; readonly hash: RegExp };

const CASES: readonly Case[] = [
  { name: "libtorrent by v1", client: libtorrentClient, hash: /xt=(urn:btih:[0-9a-f]{40})/ },
  { name: "libtorrent by v2", client: libtorrentClient, hash: /xt=(urn:btmh:[0-9a-f]{68})/ },
];

realPartTest(
  ["python3-libtorrent", "transmission-cli"],
  "a fleet's tracker hands gateways out by UDP, of a hybrid by either info hash",
  async (t) => {
    await using work = await temporaryDirectory();
    const tree = await givenTree(join(work.path, "content"), FILES);
    const { program, ready } = await startUp(host, [tree], join(work.path, "data"));
    await using _program = program;
    const [torrent] = ready.torrents;
    const udpUrl = ready.trackerUrls.find((url) => url.startsWith("udp:"));
    ok(torrent !== undefined);
    ok(udpUrl !== undefined);
    const download = async (name: string, client: DownloadClient, magnet: string) => {
      const directory = join(work.path, name);
      await using running = await client.start({ host, torrentFile: magnet, directory });
      await running.exited();
      await client.expectSame(join(directory, "content"), tree);
      t.diagnostic(`${name}: done`);
    };
    const links = CASES.map(({ name, client, hash }) =>
      download(name, client, magnetOf(torrent.magnet, hash, udpUrl)),
    );
    // It knows no hybrids, so it has the v1 torrent of the same pieces.
    const v1 = magnetOf(torrent.v1Magnet ?? "", /xt=(urn:btih:[0-9a-f]{40})/, udpUrl);
    await Promise.all([...links, download("transmission", transmissionClient, v1)]);
    await sameSwarm(torrent, udpUrl);
  },
);

function magnetOf(magnet: string, hash: RegExp, trackerUrl: string): string {
  const [, name = ""] = hash.exec(magnet) ?? [];
  return `magnet:?xt=${name}&tr=${encodeURIComponent(trackerUrl)}`;
}

/** The gateway counts as a seed of both names once the others are gone; a v2 hash is cut to 20. */
async function sameSwarm({ magnet }: Ready["torrents"][number], udpUrl: string): Promise<void> {
  const [, v1 = ""] = /urn:btih:([0-9a-f]{40})/.exec(magnet) ?? [];
  const [, v2 = ""] = /urn:btmh:1220([0-9a-f]{40})/.exec(magnet) ?? [];
  const byV1 = await scrape(udpUrl, v1);
  ok(byV1.seeders >= 1 && byV1.downloaded >= 1, JSON.stringify(byV1));
  await eventually(() => scrape(udpUrl, v2), byV1);
}
