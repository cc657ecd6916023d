import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { describe } from "node:test";
import { realPartTest } from "@seedfleet/testkit";
import { givenTree } from "./given-content.ts";
import { listenPort, startLibtorrent } from "./libtorrent.ts";
import { sameTree } from "./same-tree.ts";
import { startUp } from "./seedfleet.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { loopbackHost as host } from "./test-host.ts";

/** Far from all of it by the time that the other has all of it. */
const SLOW_BYTES_PER_SECOND = 100_000;

/** Two seconds for all of it. */
const FAST_BYTES_PER_SECOND = 1_000_000;
const SIZE_BYTES = 2_000_000;

/** What each says of connections with anybody but the gateway. */
type Outcome = {
  readonly ofFirst: readonly string[];
  readonly ofSecond: readonly string[];
  readonly portOfFirst: number;
};

// Each is a fleet of its own, and waits for bytes that come slowly.
describe("PEX", { concurrency: true }, () => {
  realPartTest(
    ["python3-libtorrent"],
    "two leechers without a tracker learn of each other from a gateway",
    async () => {
      const { ofFirst, ofSecond, portOfFirst } = await twoLeechers([]);
      deepEqual(ofSecond, [`peer pex 127.0.0.1 ${portOfFirst}`]);
      equal(ofFirst.length, 1);
    },
  );

  realPartTest(["python3-libtorrent"], "two leechers of a private torrent do not", async () => {
    const { ofFirst, ofSecond } = await twoLeechers(["--private"]);
    deepEqual([...ofFirst, ...ofSecond], []);
  });
});

/** Both are connected to the gateway by hand and ask no tracker; the second gets all of it. */
async function twoLeechers(args: readonly string[]): Promise<Outcome> {
  await using work = await temporaryDirectory();
  const tree = await givenTree(join(work.path, "tree"), { "image.iso": SIZE_BYTES });
  const { program, ready } = await startUp(host, [tree], join(work.path, "data"), { args });
  await using _program = program;
  const [address = "", port] = ready.peerAddress.split(":");
  const gateway = [address, Number(port)] as const;
  const torrent = ready.torrents[0]?.torrentFile ?? "";
  const leecher = { host, torrent, withoutTrackers: true, peers: [gateway] };

  await using first = await startLibtorrent({
    ...{ ...leecher, directory: join(work.path, "first") },
    bytesPerSecondMax: SLOW_BYTES_PER_SECOND,
  });
  const portOfFirst = await listenPort(first);
  await first.line((line) => (line === "receiving" ? true : null));
  const directory = join(work.path, "second");
  await using second = await startLibtorrent({
    ...{ ...leecher, directory, bytesPerSecondMax: FAST_BYTES_PER_SECOND },
  });
  await second.succeeded();
  await sameTree(join(directory, "tree"), tree);
  ok(!first.lines.includes("finished"));
  const peersOf = ({ lines }: typeof first): readonly string[] =>
    lines.filter((line) => /^peer /.test(line) && !line.endsWith(` ${port}`));
  return { ofFirst: peersOf(first), ofSecond: peersOf(second), portOfFirst };
}
