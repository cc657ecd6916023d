import { deepEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import type { MirrorProgress } from "@seedfleet/contracts";
import { realPartTest } from "@seedfleet/testkit";
import { startLibtorrent, WAITS_FOR_PEERS } from "./libtorrent.ts";
import { MirrorFleet, mirroring, mirroringLines, peerOption } from "./mirror-fleet.ts";
import { sameTree } from "./same-tree.ts";
import { type SeededOptions, seededTorrent } from "./seeded-torrent.ts";
import { loopbackHost as host } from "./test-host.ts";

const PARTS = ["python3-libtorrent", "nats-server"] as const;

const PIECE_LENGTH_BYTES = 65_536;
const GIVEN: SeededOptions = {
  version: "v1",
  files: { "image.iso": 128 * PIECE_LENGTH_BYTES - 7 },
  pieceLengthBytes: PIECE_LENGTH_BYTES,
};

/** So slow that it takes some ten seconds. */
const SLOW = { ...WAITS_FOR_PEERS, upload_rate_limit: 900_000 };

/** Of the content, how much the seed may send twice; of a larger torrent it is less. */
const TWICE_SHARE_MAX = 0.02;

for (const count of [2, 3]) {
  realPartTest(
    PARTS,
    `${count} gateways mirror together, and hardly anything comes twice`,
    async (t) => {
      await using fleet = await MirrorFleet.start();
      const gateways = ["test", ...["second", "third"].slice(0, count - 1)];
      for (const gateway of gateways.slice(1)) await fleet.services.startGateway(gateway);
      const torrent = await seededTorrent(join(fleet.path, "seed"), GIVEN);
      const seed = await fleet.seed(torrent, SLOW);
      const told = await fleet.watch(torrent);
      const options = ["--gateways", String(count), ...peerOption(seed)];
      await fleet.mirror(torrent.torrentFile, ...options).succeeded();
      await fleet.expectMirrored(torrent);
      const all = told.items;
      const downloaded = gateways.map((gateway) => {
        return Math.max(0, ...all.filter((each) => each.gateway === gateway).map(bytesOf));
      });
      // Its own count has what came when a gateway had no use for it any more, too.
      await seed.program.stop("SIGINT");
      const [, sent = ""] = /^moved (\d+) \d+$/.exec(seed.program.lines.at(-1) ?? "") ?? [];
      const share = Number(sent) / torrent.metainfo.sizeBytes - 1;
      t.diagnostic(`${downloaded.join(", ")} bytes; ${(share * 100).toFixed(2)} % was sent twice`);
      ok(share >= 0 && share < TWICE_SHARE_MAX);
      ok(downloaded.every((bytes) => bytes > 0));
    },
  );
}

function bytesOf({ downloadedBytes }: MirrorProgress): number {
  return downloadedBytes;
}

realPartTest(PARTS, "the fleet seeds what it mirrors while it comes", async () => {
  await using fleet = await MirrorFleet.start();
  // Of a public one the gateway would tell the leecher of the seed (BEP 11).
  const torrent = await seededTorrent(join(fleet.path, "seed"), { ...GIVEN, private: true });
  const seed = await fleet.seed(torrent, SLOW);
  const { torrentFile } = torrent;
  const command = fleet.mirror(torrentFile, ...peerOption(seed));
  await mirroring(command, ({ havePieces }) => havePieces > 0);

  const { address } = fleet.services.gateway;
  const directory = join(fleet.path, "leecher");
  const peers = [address];
  await using leecher = await startLibtorrent({ host, torrent: torrentFile, directory, peers });
  await leecher.line((line) => (line === "receiving" ? true : null));
  const { havePieces = 0, pieceCount } = mirroringLines(command).at(-1) ?? {};
  ok(havePieces < (pieceCount ?? 0));
  await Promise.all([leecher.succeeded(), command.succeeded()]);
  await sameTree(join(directory, "content"), join(torrent.directory, "content"));
  const from = leecher.lines.filter((line) => line.startsWith("from "));
  deepEqual(from, [`from ${address.join(" ")}`]);
});
