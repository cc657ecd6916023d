import { deepEqual, equal } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import {
  type Metainfo,
  parseMetainfo,
  pieceLengthAt,
  type TorrentVersion,
  verifyPiece,
} from "@seedfleet/metainfo";
import { GivenStore } from "../testing.ts";
import { pieceVerifier, verifiedLengthBytes } from "./piece-verifier.ts";

const PIECE_BYTES = 65_536;

/** Of one piece, of several, ending with a piece, within a block, and with nothing in it. */
const FILES = {
  "d/a": randomBytes(3 * PIECE_BYTES + 16_385),
  "d/b": randomBytes(2 * PIECE_BYTES),
  "d/c": "",
  "d/d": randomBytes(16_383),
  "d/e": randomBytes(PIECE_BYTES),
  "d/f": randomBytes(40_000),
};

for (const version of ["v1", "v2", "hybrid"] as const) {
  test(`pieceVerifier() judges ${version} as verifyPiece() does, however it is cut`, async () => {
    const { metainfo, pieces } = await givenTorrent(version);
    for (const [piece, bytes] of pieces.entries()) {
      for (const cutBytes of [1_000, 16_384, 50_001, bytes.length]) {
        equal(judge(metainfo, { piece, bytes, cutBytes }), true);
      }
      equal(verifyPiece(metainfo, piece, bytes), true);
      for (const wrong of wrongOf(bytes, verifiedLengthBytes(metainfo, piece))) {
        equal(verifyPiece(metainfo, piece, wrong), false);
        equal(judge(metainfo, { piece, bytes: wrong, cutBytes: 30_000 }), false);
      }
    }
  });
}

test("pieceVerifier() needs no padding of a v2 torrent, and takes nothing for it", async () => {
  const { metainfo, pieces } = await givenTorrent("v2");
  const padded = pieces.findIndex(
    ({ length }, piece) => verifiedLengthBytes(metainfo, piece) < length,
  );
  const bytes = pieces[padded] ?? Buffer.of();
  const needed = verifiedLengthBytes(metainfo, padded);
  const judgeFirst = (length: number): boolean =>
    judge(metainfo, { piece: padded, bytes: bytes.subarray(0, length), cutBytes: 10_000 });
  deepEqual([needed, needed + 1, bytes.length].map(judgeFirst), [true, false, true]);
});

test("pieceVerifier() of a piece whose root nobody knows takes nothing", async () => {
  const { metainfo, pieces } = await givenTorrent("v2");
  const unknown = { ...metainfo, pieceRoots: null };
  const bytes = pieces[0] ?? Buffer.of();
  equal(judge(unknown, { piece: 0, bytes, cutBytes: PIECE_BYTES }), false);
});

async function givenTorrent(version: TorrentVersion) {
  await using given = await GivenStore.start(FILES);
  const { entry } = await given.publish("d", { version, pieceLengthBytes: PIECE_BYTES });
  const metainfo = parseMetainfo((await given.catalog.metainfo(entry.infoHash)) ?? Buffer.of());
  if (metainfo.kind !== "metainfo") throw new Error(metainfo.code);
  const whole = await given.readAll(entry);
  const pieces = Array.from({ length: metainfo.pieceCount }, (_, piece) => {
    const begin = piece * PIECE_BYTES;
    return whole.subarray(begin, begin + pieceLengthAt(metainfo, piece));
  });
  return { metainfo, pieces };
}

type Cut = { readonly piece: number; readonly bytes: Uint8Array; readonly cutBytes: number };

function judge(metainfo: Metainfo, { piece, bytes, cutBytes }: Cut): boolean {
  const verifier = pieceVerifier(metainfo, piece);
  for (let at = 0; at < bytes.length; at += cutBytes) {
    verifier.push(bytes.subarray(at, at + cutBytes));
  }
  return verifier.isRight();
}

function wrongOf(bytes: Uint8Array, neededBytes: number): readonly Uint8Array[] {
  const flipped = (at: number): Uint8Array =>
    Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte));
  return [
    flipped(0),
    flipped(neededBytes - 1),
    flipped(bytes.length - 1),
    bytes.subarray(0, neededBytes - 1),
    Buffer.concat([bytes, Buffer.of(0)]),
    Buffer.of(),
  ];
}
