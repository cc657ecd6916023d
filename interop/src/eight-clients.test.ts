import { ok } from "node:assert/strict";
import { join } from "node:path";
import { realPartTest } from "@seedfleet/testkit";
import { libtorrentClient } from "./clients.ts";
import { givenTree } from "./given-content.ts";
import { sameTree } from "./same-tree.ts";
import { logged, startUp } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

/** So slow that downloads span several choke rounds of 10 s. */
const BYTES_PER_SECOND = 1_000_000;

realPartTest(
  ["python3-libtorrent"],
  "eight libtorrent clients at once finish, and choke rounds give them their turns",
  async () => {
    await using work = await temporaryDirectory();
    const tree = await givenTree(join(work.path, "content"), { "image.iso": 24_000_000 });
    const slots = { args: ["--unchoke-slots", "4"] };
    const { program, ready } = await startUp(host, [tree], join(work.path, "data"), slots);
    await using _program = program;
    const torrentFile = ready.torrents[0]?.torrentFile ?? "";

    const downloads = Array.from({ length: 8 }, async (_, index) => {
      const directory = join(work.path, `client-${index}`);
      const download = { host, torrentFile, directory, bytesPerSecondMax: BYTES_PER_SECOND };
      await using client = await libtorrentClient.start(download);
      await client.succeeded();
      await sameTree(join(directory, "content"), tree);
    });
    await Promise.all(downloads);

    const rounds = program.errorLines
      .map((line) => logged(line, "choke round"))
      .filter((round) => round !== null);
    ok(rounds.length >= 1, "no choke round in the log");
    ok(rounds.every(({ unchoked }) => Number(unchoked) <= 4));
    ok(rounds.some(({ interested }) => Number(interested) > 4));
  },
);
