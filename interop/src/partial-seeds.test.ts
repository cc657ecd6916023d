import { equal, match } from "node:assert/strict";
import { join } from "node:path";
import { realPartTest } from "@seedfleet/testkit";
import { givenContent, givenTorrent } from "./given-torrent.ts";
import { startLibtorrent } from "./libtorrent.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";
import { startTracker } from "./tracker-process.ts";

// Whoever leaves out a file is one, and says so in every announce.
for (const protocol of ["http", "udp"] as const) {
  realPartTest(
    ["python3-libtorrent"],
    `a tracker takes announces of a partial seed by ${protocol.toUpperCase()}`,
    async () => {
      await using work = await temporaryDirectory();
      const dataDir = join(work.path, "data");
      const { program, ready } = await startTracker({ host, mode: "open", dataDir });
      await using _program = program;
      const announceUrl = protocol === "http" ? ready.httpUrl : ready.udpUrl;
      const content = await givenContent(join(work.path, "content"), 300_000);
      const { file: torrent, infoHash } = await givenTorrent(content, announceUrl);
      const directory = join(work.path, "client");
      await using client = await startLibtorrent({
        ...{ host, torrent, directory, stays: true, wantsNothing: true },
      });
      const said = await client.line((line) => (/^(?:tracked|refused)/.test(line) ? line : null));
      equal(said, "tracked");
      const scrapeUrl = ready.httpUrl.replace(/announce$/, "scrape");
      const hash = infoHash.replaceAll(/../g, (byte) => `%${byte}`);
      const scraped = await (await fetch(`${scrapeUrl}?info_hash=${hash}`)).text();
      match(scraped, /8:completei0e10:downloadedi0e11:downloadersi0e10:incompletei1e/);
    },
  );
}
