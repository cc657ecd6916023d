import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { BLOCK_BYTES } from "@seedfleet/picker";
import { DownloadMemory } from "./download-memory.ts";
import { TorrentDownload } from "./torrent-download.ts";

const PIECES = 8;
const SHAPE = {
  pieceCount: PIECES,
  pieceLengthBytes: BLOCK_BYTES,
  sizeBytes: PIECES * BLOCK_BYTES,
};

function given(memory: DownloadMemory): {
  readonly download: TorrentDownload;
  /** The pieces that it begins. */
  readonly begin: () => readonly number[];
} {
  const ports = { store: () => {}, peersFound: () => {}, othersWait: () => false };
  const have = Bitfield.empty(PIECES);
  const download = new TorrentDownload(
    { shape: SHAPE, have, memory, ...ports },
    { below: () => 0 },
  );
  const peer = download.join({ cancel() {}, wake() {}, ban() {} });
  download.setPieces(peer, Bitfield.full(PIECES));
  return { download, begin: () => download.ask(peer, PIECES).map(({ piece }) => piece) };
}

test("downloads share their memory, and each may have one piece in any case", () => {
  const memory = new DownloadMemory(3 * BLOCK_BYTES);
  const [first, second, third] = [given(memory), given(memory), given(memory)];
  equal(first.begin().length, 3);
  equal(second.begin().length, 1);
  equal(third.begin().length, 1);
  equal(first.begin().length, 0);
});

test("the memory of a download that is over, or of pieces that are stored, is for others", () => {
  const memory = new DownloadMemory(3 * BLOCK_BYTES);
  const [first, second] = [given(memory), given(memory)];
  const begun = first.begin();
  equal(begun.length, 3);
  equal(second.begin().length, 1);
  for (const piece of begun.slice(0, 2)) first.download.verified(piece);
  equal(second.begin().length, 1);
  first.download.end();
  equal(second.begin().length, 1);
});

test("memory of stored pieces is kept for the next ones until the last download ends", () => {
  const memory = new DownloadMemory(8 * BLOCK_BYTES);
  const [first, second] = [given(memory), given(memory)];
  const stored = memory.pool.take(BLOCK_BYTES);
  first.download.recycle(stored);
  const keptBytes = memory.pool.freeBytes;
  ok(keptBytes >= BLOCK_BYTES);
  first.download.end();
  equal(memory.pool.freeBytes, keptBytes);
  second.download.end();
  equal(memory.pool.freeBytes, 0);
});
