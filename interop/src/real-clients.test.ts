import { ok } from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext } from "node:test";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import {
  aria2Client,
  type DownloadClient,
  libtorrentClient,
  transmissionClient,
} from "./clients.ts";
import { AWKWARD_TREE, givenTree } from "./given-content.ts";
import { startFiveServices, startUp } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost, namespaceHost, type TestHost } from "./test-host.ts";

const CLIENTS: readonly DownloadClient[] = [libtorrentClient, aria2Client, transmissionClient];
const CLIENT_PARTS = ["python3-libtorrent", "aria2c", "transmission-cli"] as const;
const NAMESPACE_PARTS = ["ip", "unshare", "nsenter"] as const;

// Each is a fleet of its own, and waits for timers of its clients most of the time: Transmission
// looks every ten seconds only whether it wants anything from a peer.
describe("real clients", { concurrency: true }, () => {
  realPartTest(
    CLIENT_PARTS,
    "seedfleet up serves a tree and a single file to three clients, bit-exact",
    async (t) => {
      const host = loopbackHost;
      await using work = await temporaryDirectory();
      const tree = await givenTree(join(work.path, "awkward tree ünï"), AWKWARD_TREE);
      const single = join(tree, "a file with spaces.bin");
      const up = await startUp(host, [tree, single], join(work.path, "data"));
      await using _program = up.program;
      ok(up.ready.torrents.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) >= 200_000_000);

      const [ofTree, ofSingle] = up.ready.torrents;
      const onlySingle = await givenTree(join(work.path, "single"), {
        "a file with spaces.bin": AWKWARD_TREE["a file with spaces.bin"] ?? 0,
      });
      await Promise.all([
        downloadByAll(t, { ...ofTree, host, work: work.path }, tree),
        downloadByAll(t, { ...ofSingle, host, work: work.path }, onlySingle),
      ]);
    },
  );

  realPartTest(
    [...CLIENT_PARTS, ...NAMESPACE_PARTS, "nats-server"],
    "five services over nats-server serve a tree to three clients, bit-exact",
    async (t) => {
      await using work = await temporaryDirectory();
      await using host = await namespaceHost();
      const tree = await givenTree(join(work.path, "tree"), AWKWARD_TREE);
      const nats = await startNatsServer([], host.command("env"));
      t.after(() => nats.stop());
      await using services = await startFiveServices(host, nats.url, tree);
      const torrentFile = join(work.path, "tree.torrent");
      await services.publish(tree, torrentFile, ["--format", "v1"]);
      await downloadByAll(t, { host, torrentFile, work: work.path }, tree);
      await services.publish(tree, torrentFile, ["--format", "v2"]);
      const clients = [libtorrentClient];
      const shared = { host, torrentFile, work: join(work.path, "v2") };
      await downloadBy(t, { clients, shared, expected: tree });
    },
  );
});

type Shared = {
  readonly host: TestHost;
  readonly torrentFile?: string;
  readonly v1TorrentFile?: string | null;
  readonly work: string;
};

function downloadByAll(t: TestContext, shared: Shared, expected: string): Promise<void> {
  return downloadBy(t, { clients: CLIENTS, shared, expected });
}

type Downloads = {
  readonly clients: readonly DownloadClient[];
  readonly shared: Shared;
  readonly expected: string;
};

/** One client after the other, so that each gets all of it from the fleet. */
async function downloadBy(t: TestContext, { clients, shared, expected }: Downloads): Promise<void> {
  const { host, torrentFile = "", v1TorrentFile = null, work } = shared;
  const name = join(expected).split("/").at(-1) ?? "";
  for (const client of clients) {
    const directory = join(work, `${client.name} ${name}`);
    const startedAtMs = performance.now();
    const file = client.opensHybrids ? torrentFile : (v1TorrentFile ?? torrentFile);
    await using program = await client.start({ host, torrentFile: file, directory });
    await client.completed(program);
    const made = torrentFile.endsWith(`${name}.torrent`) ? join(directory, name) : directory;
    await client.expectSame(made, expected);
    await rm(directory, { recursive: true });
    t.diagnostic(`${client.name}: ${name} in ${Math.round(performance.now() - startedAtMs)} ms`);
  }
}
