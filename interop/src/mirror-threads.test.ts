import { join } from "node:path";
import { realPartTest } from "@seedfleet/testkit";
import { encryptedOnly, startLibtorrent } from "./libtorrent.ts";
import { MirrorFleet, mirroring } from "./mirror-fleet.ts";
import { seededTorrent } from "./seeded-torrent.ts";
import { loopbackHost as host } from "./test-host.ts";

const PARTS = ["python3-libtorrent", "nats-server"] as const;

/** What it tries first otherwise; after that it may wait for a minute. */
const TCP = { enable_outgoing_utp: false };

for (const [what, settings] of [
  ["in the clear", TCP],
  ["encrypted", { ...TCP, ...encryptedOnly("rc4") }],
] as const) {
  realPartTest(
    PARTS,
    `a gateway with threads mirrors from a libtorrent seed that comes to it, ${what}`,
    async () => {
      await using fleet = await MirrorFleet.start({ SEEDFLEET_GATEWAY_WORKERS: "2" });
      const torrent = await seededTorrent(join(fleet.path, "seed"), {
        ...{ version: "v1", files: { "long.img": 200 * 65_536 + 5 }, pieceLengthBytes: 65_536 },
      });
      const command = fleet.mirror(torrent.torrentFile);
      // Nobody named the seed to the gateway: it is there before the seed goes to it.
      await mirroring(command, ({ state }) => state === "downloading");
      const { torrentFile, directory } = torrent;
      await using seed = await startLibtorrent({
        ...{ host, torrent: torrentFile, directory, settings, stays: true },
        peers: [fleet.services.gateway.address],
      });
      await command.succeeded();
      await seed.stop("SIGINT");
      await fleet.expectMirrored(torrent);
    },
  );
}
