import { deepEqual, equal } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { ScrubClock, ScrubStatesSeen } from "../scrub/testing.ts";
import { flipBit, GivenStore } from "../testing.ts";
import { GivenManaged, givenTorrent, manage } from "./testing.ts";

const PIECE_BYTES = 65_536;
const FILES = { "d/a": randomBytes(5 * PIECE_BYTES + 9), "d/b": randomBytes(100) };
const OPTIONS = { version: "v2", pieceLengthBytes: PIECE_BYTES } as const;

test("a scrub checks the pieces that are there, and has bad ones repaired", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  const clock = new ScrubClock();
  const config = { scrubBytesPerSecond: 1024 ** 3 };
  await using managed = await GivenManaged.start([torrent], { config, ports: { clock } });
  const { given, offerer, root } = managed;
  const { infoHash, pieces } = torrent;
  await manage(given, torrent);
  const there = [0, 2, 5, 6];
  for (const piece of there) await offerer.write({ infoHash, piece });
  const ports = { bus: given.bus };
  await using other = await GivenStore.start(FILES, { id: "store-2" }, ports);
  equal((await other.publish("d", OPTIONS)).entry.infoHash, infoHash);
  flipBit(root.at(`managed/${infoHash}/content/a`), 2 * PIECE_BYTES + 7);
  const states = await ScrubStatesSeen.watch(given.bus);
  await clock.begin();
  const { checkedBytes, badPieces, repairedPieces } = await clock.runUntil(states.ended());
  // The last piece of the first file ends where that does.
  deepEqual(
    { checkedBytes, badPieces, repairedPieces },
    { checkedBytes: 2 * PIECE_BYTES + 9 + 100, badPieces: 1, repairedPieces: 1 },
  );
  const read = { infoHash, piece: 2, length: PIECE_BYTES };
  deepEqual(await given.read(read), Buffer.from(pieces[2] ?? []));
});
