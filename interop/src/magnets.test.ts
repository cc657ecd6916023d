import { ok } from "node:assert/strict";
import { join } from "node:path";
import { describe, type TestContext } from "node:test";
import { realPartTest } from "@seedfleet/testkit";
import {
  aria2Client,
  type DownloadClient,
  libtorrentClient,
  transmissionClient,
} from "./clients.ts";
import { type GivenFiles, givenTree } from "./given-content.ts";
import { type Ready, startUp } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

const CLIENT_PARTS = ["python3-libtorrent", "aria2c", "transmission-cli"] as const;

const SMALL: GivenFiles = { "nested/名前.bin": 700_001, "image.iso": 3_000_000, "note.txt": 3 };

/** In pieces of 16 KiB its layer takes three hash requests of 512, the last of them cut short. */
const LONG: GivenFiles = { "long.img": 1_100 * 16_384 + 5, "other.bin": 100_000, "tiny.txt": 1 };

type Torrent = Ready["torrents"][number];

/** A torrent of its own for each client, so that none gets anything from another. */
type Case = {
  readonly name: string;
  readonly client: DownloadClient;
  readonly magnetOf: (torrent: Torrent) => string;
};

const asTold = ({ magnet }: Torrent): string => magnet;
const ofCompanion = ({ v1Magnet }: Torrent): string => v1Magnet ?? "";
const v1Alone = ({ magnet }: Torrent): string => magnet.replace(/xt=urn:btmh:[0-9a-f]{68}&/, "");
const v2Alone = ({ magnet }: Torrent): string => magnet.replace(/xt=urn:btih:[0-9a-f]{40}&/, "");

// Each is a fleet of its own, and waits for timers of its clients most of the time.
describe("magnets", { concurrency: true }, () => {
  realPartTest(CLIENT_PARTS, "three clients download v1 torrents by their magnets", (t) =>
    downloadEach(t, { args: ["--format", "v1"], files: SMALL }, [
      { name: "libtorrent", client: libtorrentClient, magnetOf: asTold },
      { name: "aria2", client: aria2Client, magnetOf: asTold },
      { name: "transmission", client: transmissionClient, magnetOf: asTold },
    ]),
  );

  realPartTest(CLIENT_PARTS, "three clients download hybrids by the magnets that they know", (t) =>
    downloadEach(t, { args: [], files: SMALL }, [
      { name: "both sides", client: libtorrentClient, magnetOf: asTold },
      { name: "v1 side", client: libtorrentClient, magnetOf: v1Alone },
      { name: "v2 side", client: libtorrentClient, magnetOf: v2Alone },
      { name: "companion", client: libtorrentClient, magnetOf: ofCompanion },
      { name: "aria2", client: aria2Client, magnetOf: asTold },
      { name: "aria2 companion", client: aria2Client, magnetOf: ofCompanion },
      { name: "transmission", client: transmissionClient, magnetOf: ofCompanion },
    ]),
  );

  realPartTest(
    ["python3-libtorrent"],
    "libtorrent downloads v2 torrents by magnets, piece layers and all",
    (t) =>
      downloadEach(t, { args: ["--format", "v2", "--piece-length", "16KiB"], files: LONG }, [
        { name: "long", client: libtorrentClient, magnetOf: asTold },
      ]),
  );
});

type Given = { readonly args: readonly string[]; readonly files: GivenFiles };

/** Has every client download its torrent, all at once, and compares what they made of it. */
async function downloadEach(
  t: TestContext,
  { args, files }: Given,
  cases: readonly Case[],
): Promise<void> {
  await using work = await temporaryDirectory();
  const trees = cases.map(({ name }) => givenTree(join(work.path, "content", name), files));
  const up = await startUp(host, await Promise.all(trees), join(work.path, "data"), { args });
  await using _program = up.program;
  const downloads = cases.map(async ({ name, client, magnetOf }) => {
    const torrent = up.ready.torrents.find((each) => each.name === name);
    ok(torrent !== undefined);
    const directory = join(work.path, "downloads", name);
    const startedAtMs = performance.now();
    const download = { host, torrentFile: magnetOf(torrent), directory };
    await using program = await client.start(download);
    await client.completed(program);
    await client.expectSame(join(directory, name), join(work.path, "content", name));
    t.diagnostic(`${name}: ${Math.round(performance.now() - startedAtMs)} ms`);
  });
  await Promise.all(downloads);
}
