import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { AtOnce } from "@seedfleet/bus";
import type { PieceRead } from "@seedfleet/contracts";
import { blocksOf, GivenGateway } from "./testing.ts";
import { givenTorrent } from "./testing-torrent.ts";

const MIB = 1024 * 1024;

const LARGE = givenTorrent("large", { sizeBytes: 5 * MIB + 300_000, pieceLengthBytes: MIB / 2 });
const { pieceCount } = LARGE.metainfo;
const BLOCKS = blocksOf(LARGE.metainfo);

/** Holds two of the torrent's pieces, so that all but the last have passed by. */
const SMALL = { cacheBytes: Math.floor(1.1 * MIB) };

test("a gateway passes on what a store beside it has at hand, once it was verified", async () => {
  await using given = await startWithStore();
  const first = await given.join(LARGE);
  await first.interested();
  ok((await first.download(BLOCKS)).equals(LARGE.content));
  // Some are read again, since the cache forgot them while the peer was at them.
  const readBefore = given.reads.length;
  const passedBefore = passed(given);

  // Backwards, so that it does not meet the cache where it ends.
  const blocks = BLOCKS.toReversed();
  const second = await given.join(LARGE, "second");
  await second.interested();
  ok((await second.download(blocks)).equals(LARGE.content));
  const readPieces = given.reads.length - readBefore;
  ok(readPieces < pieceCount / 2, `${readPieces} of ${pieceCount} pieces were brought`);
  ok(passed(given) - passedBefore > LARGE.content.length / 2);
});

test("a gateway brings a piece by its hash that a store at hand gives wrong", async () => {
  await using given = await startWithStore({ flipsAtOnce: true });
  for (const name of ["first", "second"]) {
    const peer = await given.join(LARGE, name);
    await peer.interested();
    ok((await peer.download(BLOCKS)).equals(LARGE.content));
  }
  equal(passed(given), 0);
  ok(given.reads.length >= 2 * pieceCount - 4);
  equal(given.logged("piece corrupt, not served"), 0);
});

test("a gateway caches a piece that several peers ask for, also where it could pass", async () => {
  await using given = await startWithStore();
  const scan = await given.join(LARGE, "scan");
  await scan.interested();
  await scan.download(BLOCKS);
  const readBefore = given.reads.length;
  for (const name of ["a", "b", "c"]) {
    const peer = await given.join(LARGE, name);
    await peer.interested();
    await peer.download(BLOCKS.filter(({ piece }) => piece === 1));
  }
  deepEqual(
    given.reads.slice(readBefore).map(({ piece }) => piece),
    [1],
  );
});

function passed({ telemetry }: GivenGateway): number {
  return telemetry.recorded.gauge("seedfleet_gateway_passed_bytes") ?? Number.NaN;
}

/** Its store reads pieces to their places, and offers to do so at once from then on. */
async function startWithStore({
  flipsAtOnce = false,
}: {
  readonly flipsAtOnce?: boolean;
} = {}): Promise<GivenGateway> {
  const given = await GivenGateway.start([LARGE], SMALL);
  const fill = (read: PieceRead, parts: readonly Uint8Array[]): void => {
    const bytes = given.content(read);
    let at = 0;
    for (const part of parts) {
      part.set(bytes.subarray(at, at + part.length));
      at += part.length;
    }
  };
  const atOnce: AtOnce<PieceRead> = (read, parts) => {
    fill(read, parts);
    const [first] = parts;
    if (flipsAtOnce && first !== undefined) first[0] = (first[0] ?? 0) ^ 1;
    return true;
  };
  given.serve = (read, landing) => {
    if (landing === null || !landing.take()) return [given.content(read)];
    fill(read, landing.parts);
    landing.fill();
    landing.offer(atOnce);
    return [];
  };
  return given;
}
