import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { type Heated, hottestTorrents } from "./hottest-torrents.ts";

const hash = (byte: number) => infoHashFromBytes(new Uint8Array(20).fill(byte));

function given(byte: number, pieces: number, pieceLengthBytes = 16_384): Heated {
  return { infoHash: hash(byte), shelf: { size: pieces }, metainfo: { pieceLengthBytes } };
}

test("hottestTorrents() counts bytes, not pieces, and breaks ties by info hash", () => {
  const known = [given(9, 2), given(1, 3), given(2, 2, 65_536), given(3, 0), given(8, 2)];
  deepEqual(hottestTorrents(known, 10), [hash(2), hash(1), hash(8), hash(9)]);
  deepEqual(hottestTorrents(known, 2), [hash(2), hash(1)]);
  deepEqual(hottestTorrents([], 2), []);
});
