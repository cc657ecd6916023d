import { deepEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import type { MirrorProgress } from "@seedfleet/contracts";
import { type Gathered, realPartTest } from "@seedfleet/testkit";
import { WAITS_FOR_PEERS } from "./libtorrent.ts";
import { MirrorFleet, peerOption } from "./mirror-fleet.ts";
import { seededTorrent } from "./seeded-torrent.ts";
import { logged } from "./seedfleet.ts";

const PIECE_LENGTH_BYTES = 65_536;
const PIECES = 160;

/** A seed that chokes for a moment at first sends what it was asked for before that, too. */
const TWICE_BYTES_MAX: number = 2 * PIECE_LENGTH_BYTES;

/** So slow that there is something to come after each of the three outages. */
const SLOW = { ...WAITS_FOR_PEERS, upload_rate_limit: 900_000 };

realPartTest(
  ["python3-libtorrent", "nats-server"],
  "a mirror goes on where it was when its gateway, its store and NATS are killed in turn",
  async (t) => {
    await using fleet = await MirrorFleet.start();
    const { nats, services } = fleet;
    const torrent = await seededTorrent(join(fleet.path, "seed"), {
      ...{ version: "v1", pieceLengthBytes: PIECE_LENGTH_BYTES },
      files: { "image.iso": PIECES * PIECE_LENGTH_BYTES },
    });
    const seed = await fleet.seed(torrent, SLOW);
    const told = await fleet.watch(torrent);
    const command = fleet.mirror(torrent.torrentFile, ...peerOption(seed));

    await told.until((all) => haveOf(all) >= 30);
    await services.gateway.program.stop("SIGKILL");
    const ofFirst = told.items.length;
    const { program: gateway } = await services.startGateway("test");
    const there = haveOf(told.items.slice(0, ofFirst));

    await told.until((all) => haveOf(all) >= 60);
    await services.store.stop("SIGKILL");
    await told.until((all) => all.at(-1)?.state === "paused");
    await services.startStore();
    await told.until((all) => all.at(-1)?.state === "downloading");

    await told.until((all) => haveOf(all) >= 110);
    await nats.kill();
    await gateway.line((line) => logged(line, "bus away, reconnecting"));
    await nats.restart();

    await command.succeeded();
    await fleet.expectMirrored(torrent);
    const ofSecond = await completed(told, ofFirst);
    deepEqual(ofSecond.filter(hasFallen), []);
    const fetched = ofSecond.at(-1)?.downloadedBytes ?? Number.NaN;
    const missing = (PIECES - there) * PIECE_LENGTH_BYTES;
    t.diagnostic(`${there} of ${PIECES} pieces were there; ${fetched} of ${missing} bytes fetched`);
    ok(fetched <= missing + TWICE_BYTES_MAX);
  },
);

/** How many pieces are there by the last that was told of them. */
function haveOf(told: readonly MirrorProgress[]): number {
  return told.findLast(knowsPieces)?.havePieces ?? 0;
}

/** What was told from the first of these on, once the mirror is complete. */
async function completed(
  told: Gathered<MirrorProgress>,
  from: number,
): Promise<readonly MirrorProgress[]> {
  await told.until((all) => all.at(-1)?.state === "complete");
  return told.items.slice(from).filter(knowsPieces);
}

/** Until it has read the torrent a gateway tells of no piece. */
function knowsPieces({ pieceCount }: MirrorProgress): boolean {
  return pieceCount !== null;
}

function hasFallen(
  { havePieces }: MirrorProgress,
  index: number,
  all: readonly MirrorProgress[],
): boolean {
  return havePieces < (all[index - 1]?.havePieces ?? 0);
}
