import { equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { ownMountsTests, realPartTest, SmallDisk } from "@seedfleet/testkit";
import { WAITS_FOR_PEERS } from "./libtorrent.ts";
import { MirrorFleet, mirroring, peerOption } from "./mirror-fleet.ts";
import { seededTorrent } from "./seeded-torrent.ts";

const MIB = 1_048_576;
const PIECE_LENGTH_BYTES = 65_536;

/** A seed that chokes for a moment at first sends what it was asked for before that, too. */
const TWICE_BYTES_MAX: number = 2 * PIECE_LENGTH_BYTES;

/** What the gateway begins before it hears of the full disk. */
const GATEWAY = { SEEDFLEET_GATEWAY_DOWNLOAD_BYTES: "2097152" };

ownMountsTests("a mirror on a full disk", import.meta.url, () => {
  realPartTest(
    ["python3-libtorrent", "nats-server"],
    "a mirror that its store's disk is too small for waits, others go on, and it does with room",
    async (t) => {
      using disk = new SmallDisk("size=6m");
      await using fleet = await MirrorFleet.start(GATEWAY, disk.path);
      const roomy = join(fleet.path, "roomy");
      await fleet.services.startStore("roomy", roomy);
      const given = { version: "v1", pieceLengthBytes: PIECE_LENGTH_BYTES } as const;
      const large = await seededTorrent(join(fleet.path, "large"), {
        ...{ ...given, files: { "a.img": 9 * MIB, "b.img": 3 * MIB } },
      });
      const other = await seededTorrent(join(fleet.path, "other"), {
        ...{ ...given, files: { "c.img": 9 * MIB } },
      });
      const seed = await fleet.seed(large, WAITS_FOR_PEERS);
      const told = await fleet.watch(large);
      const command = fleet.mirror(large.torrentFile, "--store", "test", ...peerOption(seed));
      const paused = await mirroring(command, ({ state }) => state === "paused");
      match(
        paused.reason ?? "",
        /^Cannot write .*disk is full; make room on it.*needs \d+ MiB more/,
      );
      const { havePieces } = paused;
      ok(havePieces > 0 && havePieces < 6 * 16, `${havePieces} pieces fit 6 MiB`);
      const [line = ""] = await fleet.run("mirrors");
      match(line, /"state":"paused","reason":"Cannot write [^"]*disk is full/);

      const otherSeed = await fleet.seed(other, WAITS_FOR_PEERS);
      const to = ["--store", "roomy", ...peerOption(otherSeed)];
      await fleet.mirror(other.torrentFile, ...to).succeeded();
      await fleet.expectMirrored(other, roomy);
      equal(told.items.at(-1)?.state, "paused");

      disk.remount("size=20m");
      await command.succeeded();
      await fleet.expectMirrored(large);
      const last = await told.until((all) => all.at(-1)?.state === "complete");
      const { downloadedBytes = Number.NaN } = last.at(-1) ?? {};
      t.diagnostic(`paused at ${havePieces} pieces; ${downloadedBytes} of ${12 * MIB} bytes came`);
      ok(downloadedBytes <= 12 * MIB + TWICE_BYTES_MAX);
      const have = told.items.map((each) => each.havePieces);
      ok(
        have.every((count, at) => count >= (have[at - 1] ?? 0)),
        "no piece is lost",
      );
    },
  );
});
