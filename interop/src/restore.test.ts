import { equal } from "node:assert/strict";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { SCRUB_BUCKET } from "@seedfleet/contracts";
import { realPartTest } from "@seedfleet/testkit";
import { eventually } from "./eventually.ts";
import { startLibtorrent } from "./libtorrent.ts";
import { MirrorFleet, peerOption } from "./mirror-fleet.ts";
import { sameTree } from "./same-tree.ts";
import { type SeededTorrent, seededTorrent } from "./seeded-torrent.ts";
import { event, logged } from "./seedfleet.ts";
import { loopbackHost as host } from "./test-host.ts";

const PIECE_LENGTH_BYTES = 65_536;
const PIECES = 41;
const FILES = { "image.iso": (PIECES - 1) * PIECE_LENGTH_BYTES + 5 } as const;
const BAD = 17;

realPartTest(
  ["python3-libtorrent", "nats-server"],
  "a piece that a scrub finds bad is offered by no gateway until a foreign seed brought it anew",
  async () => {
    await using fleet = await MirrorFleet.start();
    const torrent = await seededTorrent(join(fleet.path, "seed"), {
      ...{ version: "v1", files: FILES, pieceLengthBytes: PIECE_LENGTH_BYTES },
    });
    const { infoHash } = torrent.metainfo;
    const seed = await fleet.seed(torrent);
    await fleet.mirror(torrent.torrentFile, ...peerOption(seed)).succeeded();
    await scrubFindsBad(fleet, torrent);
    equal(await isIncomplete(fleet, torrent), false);

    // From nobody who has it, so that there is time to look.
    await fleet.run("restore", infoHash, "--peer", `${host.address}:1`, "--no-wait");
    equal(await isIncomplete(fleet, torrent), true);
    const { address } = await fleet.services.startGateway("second");
    const directory = join(fleet.path, "client");
    await using client = await startLibtorrent({
      ...{ host, torrent: torrent.torrentFile, directory, stays: true, tellsPieces: true },
      peers: [address],
    });
    await client.line((line) => (line === `pieces ${PIECES - 1}` ? true : null));
    await fleet.run("restore", infoHash, ...peerOption(seed));
    await client.line((line) => (line === "finished" ? true : null));
    await sameTree(join(directory, "content"), join(torrent.directory, "content"));
    await fleet.expectMirrored(torrent);
    await eventually(() => isIncomplete(fleet, torrent), false);
  },
);

/** A bit of one piece turns on disk, and the store, which starts anew, looks at all it has. */
async function scrubFindsBad(fleet: MirrorFleet, torrent: SeededTorrent): Promise<void> {
  const { services } = fleet;
  await services.store.stop("SIGKILL");
  await spoil(join(fleet.contentOf(torrent), "image.iso"));
  // Should it have done so already, it would not for a day.
  const bus = await fleet.bus();
  const rounds = await bus.keyValue(SCRUB_BUCKET);
  for await (const key of rounds.keys()) await rounds.delete(key);
  const store = await services.startStore();
  await store.line((line) => logged(line, "piece bad"));
}

async function spoil(file: string): Promise<void> {
  await using handle = await open(file, "r+");
  const at = BAD * PIECE_LENGTH_BYTES + 7;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
  await handle.write(Buffer.of((buffer[0] ?? 0) ^ 1), 0, 1, at);
}

async function isIncomplete(fleet: MirrorFleet, { metainfo }: SeededTorrent): Promise<boolean> {
  type Listed = { readonly infoHash: string; readonly incomplete?: boolean };
  const all = (await fleet.run("ls")).map((line) => event<Listed>(line, "torrent"));
  return all.find((each) => each?.infoHash === metainfo.infoHash)?.incomplete === true;
}
