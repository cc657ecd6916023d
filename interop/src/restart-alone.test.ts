import { equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { realPartTest } from "@seedfleet/testkit";
import { givenTree } from "./given-content.ts";
import { liftLimit, longestWaitMs, startLibtorrent } from "./libtorrent.ts";
import { sameTree } from "./same-tree.ts";
import { startUp } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

/** So slow that a download takes a minute and a half, far more than the restart. */
const BYTES_PER_SECOND = 400_000;
const SIZE_BYTES = 36_000_000;

realPartTest(
  ["python3-libtorrent"],
  "a client whose only gateway is restarted need not come back: the gateway goes to it",
  async (t) => {
    await using work = await temporaryDirectory();
    const tree = await givenTree(join(work.path, "tree"), { "image.iso": SIZE_BYTES });
    const dataDir = join(work.path, "data");
    const { program: first, ready } = await startUp(host, [tree], dataDir);
    await using _first = first;
    const [torrent] = ready.torrents;
    ok(torrent);
    const directory = join(work.path, "client");
    await using client = await startLibtorrent({
      ...{ host, torrent: torrent.torrentFile, directory, bytesPerSecondMax: BYTES_PER_SECOND },
      settings: { max_out_request_queue: 16 },
    });
    await client.line((line) => (line === "receiving" ? true : null));
    ok(!client.lines.includes("incoming"));

    equal(await first.stop("SIGTERM"), 0, first.errorLines.join("\n"));
    // At other ports, of which nobody tells the client.
    const { program: second } = await startUp(host, [tree], dataDir);
    await using _second = second;
    await client.line((line) => (line === "incoming" ? true : null));
    ok(!client.lines.includes("finished"));
    liftLimit(client);
    await client.succeeded();
    await sameTree(join(directory, "tree"), tree);
    t.diagnostic(`longest wait ${longestWaitMs(client)} ms`);
  },
);
