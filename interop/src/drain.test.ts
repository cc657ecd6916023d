import { equal, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseMetainfo } from "@seedfleet/metainfo";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { givenTree } from "./given-content.ts";
import {
  LETS_NOBODY_IN,
  type LibtorrentOptions,
  liftLimit,
  longestWaitMs,
  startLibtorrent,
} from "./libtorrent.ts";
import { sameTree } from "./same-tree.ts";
import { type FiveServices, type Gateway, startFiveServices } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

/** So slow that a download takes half a minute, of which half is left when its gateway goes. */
const BYTES_PER_SECOND = 1_000_000;
const SIZE_BYTES = 30_000_000;

/**
 * Under a limit libtorrent takes all that it asked for at once, and then waits as long as that
 * should have taken. With few requests such waits are far shorter than those looked for here.
 */
const SETTINGS = { max_out_request_queue: 32 };

/** What a client may wait for content at most, while its gateway leaves and whenever else. */
const WAIT_MS_MAX = 5_000;

realPartTest(
  ["python3-libtorrent", "nats-server"],
  "clients go on from another gateway when theirs leaves, whether a tracker or PEX told of it",
  async (t) => {
    await using work = await temporaryDirectory();
    const nats = await startNatsServer();
    t.after(() => nats.stop());
    await using services = await startFiveServices(host, nats.url, work.path);
    // PEX has no part in the first.
    const tracked = await givenDownload(services, join(work.path, "tracked"), ["--private"]);
    const told = await givenDownload(services, join(work.path, "told"), []);

    // It comes before there is another gateway, so that only the leaving one can tell it of that,
    // and lets nobody in, so that the other one cannot come to it.
    const { gateway: first } = services;
    const settings = { ...SETTINGS, ...LETS_NOBODY_IN };
    const byHand = { withoutTrackers: true, peers: [first.address], settings };
    await using byPex = await startLibtorrent({ ...told, ...byHand });
    await byPex.line(contentFrom(first));
    const second = await services.startGateway("second");
    await untilGatewaysAre(2, tracked.torrent);
    await using byTracker = await startLibtorrent(tracked);
    await byTracker.line(contentFrom(first));
    equal(byPex.lines.filter((line) => line.startsWith("peer ")).length, 1);

    equal(await first.program.stop("SIGTERM"), 0);
    for (const { lines } of [byTracker, byPex]) ok(!lines.includes("finished"));
    for (const client of [byTracker, byPex]) liftLimit(client);
    await Promise.all([byTracker.succeeded(), byPex.succeeded()]);
    await sameTree(join(tracked.directory, "tracked"), join(work.path, "tracked"));
    await sameTree(join(told.directory, "told"), join(work.path, "told"));

    const waits = { tracker: longestWaitMs(byTracker), PEX: longestWaitMs(byPex) };
    t.diagnostic(`longest wait in ms: ${JSON.stringify(waits)}`);
    ok(waits.tracker < WAIT_MS_MAX && waits.PEX < WAIT_MS_MAX, JSON.stringify(waits));
    const [, port] = second.address;
    ok(byTracker.lines.includes(`from 127.0.0.1 ${port}`));
    ok(byPex.lines.includes(`peer pex 127.0.0.1 ${port}`));
  },
);

/** Writes and publishes a tree at this path, and gives how libtorrent is to download it. */
async function givenDownload(
  services: FiveServices,
  path: string,
  options: readonly string[],
): Promise<LibtorrentOptions> {
  const tree = await givenTree(path, { "image.iso": SIZE_BYTES });
  const torrent = `${path}.torrent`;
  await services.publish(tree, torrent, options);
  return {
    ...{ host, torrent, directory: `${path}.client`, settings: SETTINGS },
    bytesPerSecondMax: BYTES_PER_SECOND,
  };
}

/** Finds a client's word that it has content from this gateway. */
function contentFrom({ address }: Gateway): (line: string) => true | null {
  return (line) => (line === `from ${address.join(" ")}` ? true : null);
}

/** Asks the tracker, as a seed that wants nobody, until it knows of so many gateways. */
async function untilGatewaysAre(count: number, torrentFile: string): Promise<void> {
  const metainfo = parseMetainfo(await readFile(torrentFile));
  ok(metainfo.kind === "metainfo");
  const hash = metainfo.infoHash.replace(/../g, "%$&");
  const asked = `info_hash=${hash}&peer_id=-TE0001-000000000000&port=1&left=0&numwant=0`;
  const url = `${metainfo.trackers[0]?.[0]}?${asked}`;
  let seeders = 0;
  // It counts the one who asks as well.
  while (seeders < count + 1) {
    const reply = await (await fetch(url)).text();
    seeders = Number(/8:completei(\d+)e/.exec(reply)?.[1]);
  }
  await fetch(`${url}&event=stopped`);
}
