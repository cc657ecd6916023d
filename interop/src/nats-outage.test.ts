import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { libtorrentClient } from "./clients.ts";
import { givenTree } from "./given-content.ts";
import { sameTree } from "./same-tree.ts";
import { startFiveServices } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

const OUTAGE_MS = 5_000;

realPartTest(
  ["python3-libtorrent", "nats-server"],
  "a download goes on through five seconds without nats-server",
  async (t) => {
    await using work = await temporaryDirectory();
    const tree = await givenTree(join(work.path, "tree"), { "image.iso": 60_000_000 });
    const nats = await startNatsServer();
    t.after(() => nats.stop());
    await using services = await startFiveServices(host, nats.url, tree);
    const torrentFile = join(work.path, "tree.torrent");
    await services.publish(tree, torrentFile);

    // Slow enough that most of the pieces are still to be filled when the bus goes.
    const directory = join(work.path, "client");
    const download = { host, torrentFile, directory, bytesPerSecondMax: 4_000_000 };
    await using client = await libtorrentClient.start(download);
    await client.line((line) => (line === "receiving" ? true : null));
    await nats.kill();
    // The length of the outage is what this test is about.
    await pass(OUTAGE_MS);
    await nats.restart();
    await client.succeeded();
    await sameTree(join(directory, "tree"), tree);
  },
);
