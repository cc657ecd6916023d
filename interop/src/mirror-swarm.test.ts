import { deepEqual, ok } from "node:assert/strict";
import { join } from "node:path";
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

/**
 * Of the content, how much may be downloaded by more than one gateway. What comes twice is some of
 * what was asked for in the last seconds, however large the torrent is: of this one that is much.
 */
const DUPLICATE_SHARE_MAX = 0.12;

realPartTest(PARTS, "two gateways mirror together, and little comes twice", async (t) => {
  await using fleet = await MirrorFleet.start();
  await fleet.services.startGateway("second");
  const torrent = await seededTorrent(join(fleet.path, "seed"), GIVEN);
  const seed = await fleet.seed(torrent, SLOW);
  const told = await fleet.watch(torrent);
  const command = fleet.mirror(torrent.torrentFile, "--gateways", "2", ...peerOption(seed));
  await command.succeeded();
  const complete = await told.until((all) => {
    const ended = all.filter(({ state }) => state === "complete");
    return new Set(ended.map(({ gateway }) => gateway)).size === 2;
  });
  await fleet.expectMirrored(torrent);
  const downloaded = ["test", "second"].map(
    (gateway) => complete.findLast((each) => each.gateway === gateway)?.downloadedBytes ?? 0,
  );
  const [first = 0, second = 0] = downloaded;
  const share = (first + second) / torrent.metainfo.sizeBytes - 1;
  t.diagnostic(`${downloaded.join(" and ")} bytes, ${(share * 100).toFixed(2)} % of them twice`);
  ok(share >= 0 && share < DUPLICATE_SHARE_MAX);
  ok(first > 0 && second > 0);
});

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
