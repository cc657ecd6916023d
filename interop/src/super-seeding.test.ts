import { ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseMetainfo } from "@seedfleet/metainfo";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { aria2Client, libtorrentClient } from "./clients.ts";
import { givenTree } from "./given-content.ts";
import { startLibtorrent } from "./libtorrent.ts";
import type { RunningProgram } from "./running-program.ts";
import { sameTree } from "./same-tree.ts";
import { type Gateway, logged, setChoking, startFiveServices } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

const LEECHERS = 6;
const SIZE_BYTES = 8_000_000;

/** Four, of which the last is told with the third. */
const FEW_PIECES_BYTES = 500_000;

/** So fast that all is there in seconds, and so slow that leechers are at it together. */
const BYTES_PER_SECOND = 2_000_000;

/** Copies of the content that the gateways send in all; without super-seeding it is over three. */
const COPIES_MAX = 2.5;

realPartTest(
  ["python3-libtorrent", "nats-server"],
  "two gateways super-seed to six leechers, which get most of it from each other",
  async (t) => {
    await using work = await temporaryDirectory();
    const nats = await startNatsServer();
    t.after(() => nats.stop());
    await using services = await startFiveServices(host, nats.url, work.path);
    const gateways = [services.gateway, await services.startGateway("second")];
    const tree = await givenTree(join(work.path, "tree"), { "image.iso": SIZE_BYTES });
    const torrent = join(work.path, "tree.torrent");
    await services.publish(tree, torrent, ["--piece-length", "128KiB"]);
    await setChoking(host, nats.url, await infoHashOf(torrent), ["--super-seeding", "on"]);

    // All know both gateways and each other, so that what one has the others can get.
    await using clients = new AsyncDisposableStack();
    const leechers: RunningProgram[] = [];
    const peers = gateways.map(({ address }) => address);
    for (let at = 0; at < LEECHERS; at += 1) {
      const directory = join(work.path, `leecher-${at}`);
      const leecher = await startLibtorrent({
        ...{ host, torrent, directory, peers, stays: true },
        bytesPerSecondMax: BYTES_PER_SECOND,
      });
      clients.use(leecher);
      leechers.push(leecher);
    }
    const finished = leechers.map((leecher) => {
      return leecher.line((line) => (line === "finished" ? true : null));
    });
    await Promise.any(finished);
    const first = await sentBytes(gateways);
    await Promise.all(finished);
    const last = await sentBytes(gateways);
    for (let at = 0; at < LEECHERS; at += 1) {
      await sameTree(join(work.path, `leecher-${at}`, "tree"), tree);
    }
    const copies = [first, last].map((bytes) => (bytes / SIZE_BYTES).toFixed(2));
    t.diagnostic(`copies uploaded at the first and the last of ${LEECHERS}: ${copies.join(", ")}`);
    ok(last / SIZE_BYTES < COPIES_MAX, `${copies} copies for ${LEECHERS} leechers`);
  },
);

realPartTest(
  ["python3-libtorrent", "aria2c", "nats-server"],
  "a leecher alone gets all of a super-seeded torrent, whichever client it is",
  async (t) => {
    await using work = await temporaryDirectory();
    const nats = await startNatsServer();
    t.after(() => nats.stop());
    await using services = await startFiveServices(host, nats.url, work.path);
    for (const client of [libtorrentClient, aria2Client]) {
      const tree = await givenTree(join(work.path, client.name), { "a.bin": FEW_PIECES_BYTES });
      const torrentFile = `${tree}.torrent`;
      await services.publish(tree, torrentFile, ["--piece-length", "128KiB", "--format", "v1"]);
      await setChoking(host, nats.url, await infoHashOf(torrentFile), ["--super-seeding", "on"]);
      const directory = `${tree}.got`;
      await using running = await client.start({ host, torrentFile, directory });
      await running.succeeded();
      await client.expectSame(join(directory, client.name), tree);
    }
  },
);

async function infoHashOf(torrentFile: string): Promise<string> {
  const metainfo = parseMetainfo(await readFile(torrentFile));
  ok(metainfo.kind === "metainfo");
  return metainfo.infoHash;
}

/** Bytes of blocks that the gateways have sent so far. */
async function sentBytes(gateways: readonly Gateway[]): Promise<number> {
  let sum = 0;
  for (const { program } of gateways) {
    const started = await program.line((line) => logged(line, "service started"));
    const metrics = await (await fetch(`${started["admin"]}/metrics`)).text();
    sum += Number(/^seedfleet_gateway_sent_bytes_total(?:\{.*\})? (\S+)/m.exec(metrics)?.[1] ?? 0);
  }
  return sum;
}
