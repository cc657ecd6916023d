import { equal, match, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { formatMagnet } from "@seedfleet/metainfo";
import { realPartTest } from "@seedfleet/testkit";
import { type GivenFiles, givenTree } from "./given-content.ts";
import { WAITS_FOR_PEERS } from "./libtorrent.ts";
import { MirrorFleet, mirroring, peerOption } from "./mirror-fleet.ts";
import { seededTorrent } from "./seeded-torrent.ts";
import { logged } from "./seedfleet.ts";
import { loopbackHost as host } from "./test-host.ts";
import { startTracker, watchScrape } from "./tracker-process.ts";

const PIECE_LENGTH_BYTES = 65_536;
const FILES: GivenFiles = { "image.iso": 64 * PIECE_LENGTH_BYTES };

/** Over so long a gateway that only waits may use so much of a core. */
const WATCHED_MS = 3_000;
const CPU_SHARE_MAX = 0.3;

/** Linux counts in these for programs, whatever it does itself. */
const TICKS_PER_SECOND = 100;

realPartTest(
  ["nats-server"],
  "a magnet that nobody has waits for its metadata, says so and costs little, until cancelled",
  async (t) => {
    await using fleet = await MirrorFleet.start();
    const dataDir = join(fleet.path, "tracker");
    const { program: tracker, ready } = await startTracker({ host, mode: "open", dataDir });
    await using _tracker = tracker;
    const infoHash = infoHashFromBytes(randomBytes(20));
    const trackers = [ready.httpUrl, ready.udpUrl];
    const command = fleet.mirror(formatMagnet({ infoHash, trackers }));
    const told = await mirroring(command, ({ state, reason }) => {
      return state === "metadata" && reason !== null;
    });
    match(told.reason ?? "", /peer/);
    await swarmShows(infoHash, ready.httpUrl, "0 seeding 1 leeching 0");

    const { pid } = fleet.services.gateway.program;
    const before = await cpuMs(pid);
    // What it costs to wait is what this is about.
    await pass(WATCHED_MS);
    const used = (await cpuMs(pid)) - before;
    t.diagnostic(`"${told.reason}"; ${used} ms of CPU in ${WATCHED_MS} ms`);
    ok(used <= WATCHED_MS * CPU_SHARE_MAX);

    await fleet.run("cancel", infoHash);
    equal(await command.exited(), 1);
    await command.line((line) => (line.includes("it was cancelled") ? true : null));
    await swarmShows(infoHash, ready.httpUrl, "0 seeding 0 leeching 0");
  },
);

realPartTest(
  ["python3-libtorrent", "nats-server"],
  "a seed of corrupt content beside a good one spoils nothing",
  async (t) => {
    await using fleet = await MirrorFleet.start();
    const given = { version: "v1", files: FILES, pieceLengthBytes: PIECE_LENGTH_BYTES } as const;
    const torrent = await seededTorrent(join(fleet.path, "seed"), given);
    const directory = await corruptContent(join(fleet.path, "corrupt"));
    // The corrupt one gives far more, so much of what comes first is wrong.
    const limited = { ...WAITS_FOR_PEERS, upload_rate_limit: 500_000 };
    const good = await fleet.seed(torrent, limited);
    const corrupt = await fleet.seed(
      { ...torrent, directory },
      { ...WAITS_FOR_PEERS, disable_hash_checks: true },
      { seedMode: true },
    );
    const peers = [...peerOption(good), ...peerOption(corrupt)];
    await fleet.mirror(torrent.torrentFile, ...peers).succeeded();
    await fleet.expectMirrored(torrent);
    const { errorLines, lines } = fleet.services.gateway.program;
    const refused = [...lines, ...errorLines].filter((line) => {
      return logged(line, "downloaded piece corrupt") !== null;
    });
    t.diagnostic(`${refused.length} corrupt pieces came`);
    ok(refused.length > 0);
  },
);

/** Resolves once the tracker counts so from now on. */
async function swarmShows(infoHash: string, url: string, counts: string): Promise<void> {
  await using scrape = watchScrape(host, infoHash, [url]);
  await scrape.shows(counts);
}

/** The content of `FILES` with a byte of every other piece flipped. */
async function corruptContent(directory: string): Promise<string> {
  await givenTree(join(directory, "content"), FILES);
  const file = join(directory, "content", "image.iso");
  const bytes = await readFile(file);
  for (let at = 9; at < bytes.length; at += 2 * PIECE_LENGTH_BYTES) {
    bytes[at] = (bytes[at] ?? 0) ^ 1;
  }
  await writeFile(file, bytes);
  return directory;
}

/** What a process used of all cores so far (proc_pid_stat(5)). */
async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name may hold anything, parentheses too.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (ticks * 1_000) / TICKS_PER_SECOND;
}
