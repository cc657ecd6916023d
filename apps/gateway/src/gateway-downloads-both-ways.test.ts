import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { turn } from "@seedfleet/testkit";
import type { SeedConnection } from "./metadata/testing-seed.ts";
import { blocksOf, untilAsTimePasses } from "./testing.ts";
import { GivenMirror } from "./testing-mirror.ts";
import { givenTorrent } from "./testing-torrent.ts";

/** More than two sockets hold between them. */
const TORRENT = givenTorrent("both ways", { sizeBytes: 40_000_000, pieceLengthBytes: 1_048_576 });
const { metainfo } = TORRENT;
const THERE = 30;

test("a mirror takes blocks of a peer that takes none before it has sent its own", async () => {
  await using mirrored = await GivenMirror.start(TORRENT);
  const { given } = mirrored;
  for (let piece = 0; piece < THERE; piece += 1) mirrored.there.add(piece);
  const theirs = Bitfield.empty(metainfo.pieceCount);
  for (let piece = THERE; piece < metainfo.pieceCount; piece += 1) theirs.add(piece);
  const owed: (() => number)[] = [];
  let blocked: SeedConnection | null = null;
  const peer = await mirrored.peer("peer", {
    bits: () => theirs.toBytes(),
    greeted: (connection) => connection.say({ kind: "unchoke" }, { kind: "interested" }),
    asked(connection, { piece, begin }, data) {
      owed.push(() => {
        connection.say({ kind: "piece", piece, begin, data });
        return data.length;
      });
    },
    heard(connection, { kind }) {
      if (kind !== "unchoke" || blocked !== null) return;
      blocked = connection;
      const blocks = blocksOf(metainfo).filter(({ piece }) => piece < THERE);
      connection.say(...blocks.map((block) => ({ kind: "request" as const, ...block })));
      connection.socket.pause();
    },
  });
  await mirrored.mirror([peer]);
  await mirrored.until(() => blocked !== null && owed.length > 0);
  // Both sockets hold what they can.
  for (let sentBytes = -1; given.gauge("sent_bytes") !== sentBytes; ) {
    sentBytes = given.gauge("sent_bytes");
    for (let turns = 0; turns < 100; turns += 1) await turn();
  }
  ok(given.gauge("sent_bytes") > 1_000_000);
  ok(given.gauge("sent_bytes") < THERE * metainfo.pieceLengthBytes);

  const sentBytes = owed.reduce((sum, send) => sum + send(), 0);
  const received = (): number => given.gauge("downloaded_bytes");
  await untilAsTimePasses(given.clock, () => received() >= sentBytes);
  equal(received(), sentBytes);
});
