import { deepEqual, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { ownMountsTests, SmallDisk } from "@seedfleet/testkit";
import { remote } from "../testing.ts";
import { GivenManaged, givenTorrent, manage } from "./testing.ts";

const PIECE_BYTES = 65_536;

ownMountsTests("managed content on a full disk", import.meta.url, () => {
  test("a piece for which there is no room is told as such, and comes once there is", async () => {
    const files = { "d/a": randomBytes(3_000_000), "d/b": randomBytes(1_000_000) };
    const torrent = await givenTorrent(files, { pieceLengthBytes: PIECE_BYTES });
    const { infoHash, pieces } = torrent;
    using disk = new SmallDisk("size=1m");
    await using managed = await GivenManaged.start([torrent], { root: disk.path });
    const { given, offerer } = managed;
    const { entry } = await manage(given, torrent);
    const write = (piece: number): Promise<string> => offerer.write({ infoHash, piece });
    const settled = await Promise.allSettled([...pieces.keys()].map(write));
    const verified = [...pieces.keys()].filter((piece) => settled[piece]?.status === "fulfilled");
    ok(verified.length > 0 && verified.length < 16, `${verified.length} pieces fit a MiB`);
    for (const each of settled) {
      if (each.status !== "rejected") continue;
      ok(remote("content-full")(each.reason), each.reason);
      ok(/disk is full.*needs \d MiB more/.test(each.reason.message), each.reason.message);
    }
    for (const [piece, bytes] of pieces.entries()) {
      const read = given.read({ infoHash, piece, length: bytes.length });
      if (verified.includes(piece)) deepEqual(await read, Buffer.from(bytes));
      else await rejects(read, remote("piece-absent"));
    }
    disk.remount("size=8m");
    const outcomes = await Promise.all([...pieces.keys()].map(write));
    ok(outcomes.every((outcome) => outcome === "verified"));
    deepEqual(await given.readAll(entry), Buffer.from(torrent.whole));
    await given.restart();
    deepEqual(await given.readAll(entry), Buffer.from(torrent.whole));
  });
});
