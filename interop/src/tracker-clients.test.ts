import { equal, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "node:test";
import { realPartTest } from "@seedfleet/testkit";
import { givenContent, givenTorrent } from "./given-torrent.ts";
import {
  leave,
  type StayingClient,
  stayingAria2,
  stayingLibtorrent,
  stayingTransmission,
} from "./staying-clients.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost, loopbackHostIpv6, namespaceHost, type TestHost } from "./test-host.ts";
import { startTracker, watchScrape } from "./tracker-process.ts";

const SIZE_BYTES = 1_500_000;

/** Slow enough that a scrape sees the client while it is incomplete. */
const BYTES_PER_SECOND = 1_000_000;

const CLIENT_PARTS = ["python3-libtorrent", "aria2c", "transmission-cli"] as const;
const NAMESPACE_PARTS = ["ip", "unshare", "nsenter"] as const;

/** Who has the content and who comes for it. */
type Pair = readonly [StayingClient, StayingClient];

/** Each seeds once. On the loopback Transmission goes to no peer, so there it only seeds. */
const PAIRS: readonly Pair[] = [
  [stayingLibtorrent, stayingAria2],
  [stayingAria2, stayingLibtorrent],
  [stayingTransmission, stayingLibtorrent],
];

/** Transmission takes an address for a peer's where it is no loopback. */
const TO_TRANSMISSION: readonly Pair[] = [
  [stayingLibtorrent, stayingTransmission],
  [stayingAria2, stayingTransmission],
];

const LIBTORRENT_ALONE: readonly Pair[] = [[stayingLibtorrent, stayingLibtorrent]];

// Each is a tracker of its own, and waits for timers of its clients most of the time.
describe("clients", { concurrency: true }, () => {
  for (const workers of [1, 2]) {
    const where = `by HTTP and by UDP on 127.0.0.1, a tracker of ${workers}`;
    realPartTest(CLIENT_PARTS, `clients find each other ${where}`, async () => {
      await meet(loopbackHost, { http: PAIRS, udp: PAIRS }, workers);
    });
  }

  // Neither aria2 1.36 nor Transmission 3.00 speaks to a tracker by UDP over IPv6.
  realPartTest(CLIENT_PARTS, "clients find each other by HTTP and by UDP on ::1", async () => {
    await meet(loopbackHostIpv6, { http: PAIRS, udp: LIBTORRENT_ALONE });
  });

  realPartTest(
    [...CLIENT_PARTS, ...NAMESPACE_PARTS],
    "Transmission finds others by HTTP and by UDP where it is on no loopback",
    async () => {
      await using host = await namespaceHost();
      await meet(host, { http: TO_TRANSMISSION, udp: TO_TRANSMISSION });
    },
  );
});

/** A tracker by itself, and for each pair a torrent that only this tracker knows of. */
async function meet(
  host: TestHost,
  pairs: Readonly<Record<"http" | "udp", readonly Pair[]>>,
  workers = 1,
): Promise<void> {
  await using work = await temporaryDirectory();
  const dataDir = join(work.path, "data");
  const { program, ready } = await startTracker({ host, mode: "open", workers, dataDir });
  await using _program = program;
  const { httpUrl, udpUrl } = ready;
  const downloads = (["http", "udp"] as const).flatMap((protocol) => {
    const urls = {
      announceUrl: protocol === "http" ? httpUrl : udpUrl,
      scrapeUrls: [httpUrl, udpUrl],
    };
    return pairs[protocol].map(([seed, leecher]) => {
      const directory = join(work.path, `${protocol} ${seed.name} ${leecher.name}`);
      return download({ host, directory, protocol, ...urls, seed, leecher });
    });
  });
  await Promise.all(downloads);
  equal(await program.stop(), 0);
}

type Case = {
  readonly host: TestHost;
  readonly directory: string;
  readonly protocol: "http" | "udp";
  readonly announceUrl: string;
  readonly scrapeUrls: readonly string[];
  readonly seed: StayingClient;
  readonly leecher: StayingClient;
};

/** Both protocols tell of each change, whichever the clients announced by. */
async function download({ host, directory, announceUrl, ...others }: Case): Promise<void> {
  const { protocol, scrapeUrls, seed, leecher } = others;
  const torrent = await givenTorrent(await givenContent(directory, SIZE_BYTES), announceUrl);
  const torrentFile = torrent.file;
  await using scrape = watchScrape(host, torrent.infoHash, scrapeUrls);
  await scrape.shows("0 seeding 0 leeching 0");

  await using seeding = await seed.start({ host, torrentFile, directory });
  await seeding.outlives(scrape.shows("1 seeding 0 leeching 0"));
  const into = `${directory} again`;
  const limited = { bytesPerSecondMax: BYTES_PER_SECOND };
  await using leeching = await leecher.start({ host, torrentFile, directory: into, ...limited });
  await leeching.outlives(scrape.shows("1 seeding 1 leeching 0"));
  await leeching.outlives(scrape.shows("2 seeding 0 leeching 1"));
  ok((await contentIn(into)).equals(await contentIn(directory)));

  let left = 2;
  for (const { client, saysStopped } of [
    { client: leeching, ...leecher },
    { client: seeding, ...seed },
  ]) {
    await leave(client);
    if (!saysStopped.includes(protocol)) continue;
    left -= 1;
    await scrape.shows(`${left} seeding 0 leeching 1`);
  }
}

function contentIn(directory: string): Promise<Buffer> {
  return readFile(join(directory, "content.bin"));
}
