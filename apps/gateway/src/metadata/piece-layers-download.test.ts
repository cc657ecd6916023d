import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { BLOCK_HASH_BYTES, HashTrees, type Metainfo, pieceLayer } from "@seedfleet/metainfo";
import type { HashRange } from "@seedfleet/wire";
import fc from "fast-check";
import { givenTorrent } from "../testing-torrent.ts";
import { ANSWER_TIMEOUT_MS, ASKED_IN_VAIN_WAIT_MS, ASKED_OF_PEER_MAX } from "./askable-peers.ts";
import { PieceLayersDownload, pieceLayersBytes } from "./piece-layers-download.ts";

const BLOCK = 16_384;

const shapes = [
  { given: "two pieces", pieces: 2, asks: [[0, 2, 0]] },
  { given: "five pieces", pieces: 5, asks: [[0, 8, 2]] },
  { given: "512 pieces", pieces: 512, asks: [[0, 512, 8]] },
  {
    given: "513 pieces, with the padding beside the last",
    pieces: 513,
    asks: [
      [0, 512, 9],
      [512, 2, 9],
    ],
  },
  {
    given: "1,100 pieces",
    pieces: 1_100,
    asks: [
      [0, 512, 10],
      [512, 512, 10],
      [1_024, 128, 10],
    ],
  },
] as const;

for (const { given, pieces, asks } of shapes) {
  test(`PieceLayersDownload given a file of ${given} asks for what libtorrent answers`, () => {
    const metainfo = torrentOf(pieces * BLOCK - 1, BLOCK);
    const download = new PieceLayersDownload(metainfo);
    download.join(1);
    const asked = download.asks(0).map(({ range }) => range);
    deepEqual(
      asked.map(({ index, length, proofLayers }) => [index, length, proofLayers]),
      asks,
    );
    ok(asked.every(({ baseLayer }) => baseLayer === 0));
    equal(download.count, asks.length);
    equal(pieceLayersBytes(metainfo), pieces * BLOCK_HASH_BYTES);
  });
}

test("PieceLayersDownload asks for nothing of files that are no longer than a piece", () => {
  const download = new PieceLayersDownload(torrentOf(65_536, 65_536));
  download.join(1);
  ok(download.isDone);
  deepEqual([download.asks(0), download.layers()], [[], []]);
});

test("PieceLayersDownload gives what is rejected or let wait to another, and rests", () => {
  const download = new PieceLayersDownload(torrentOf(2_600 * BLOCK, BLOCK));
  download.join(1);
  const asked = download.asks(0);
  equal(asked.length, ASKED_OF_PEER_MAX);
  const [first] = asked;
  ok(first !== undefined && download.reject(1, first.range, 0));
  equal(download.reject(1, first.range, 0), false);
  deepEqual(download.asks(0), []);
  download.join(2);
  deepEqual(download.asks(0)[0], { peer: 2, range: first.range });
  download.expire(ANSWER_TIMEOUT_MS);
  deepEqual(download.asks(ANSWER_TIMEOUT_MS), []);
  const rested = download.asks(ANSWER_TIMEOUT_MS + ASKED_IN_VAIN_WAIT_MS);
  deepEqual(new Set(rested.map(({ peer }) => peer)), new Set([1, 2]));
});

test("PieceLayersDownload gives what a peer that left was asked for to another", () => {
  const download = new PieceLayersDownload(torrentOf(2_600 * BLOCK, BLOCK));
  download.join(1);
  const before = download.asks(0).map(({ range }) => range.index);
  download.leave(1);
  download.join(2);
  deepEqual(new Set(download.asks(0).map(({ range }) => range.index)), new Set(before));
});

test("PieceLayersDownload knows who sent what is wrong, and takes none of it", () => {
  const metainfo = torrentOf(600 * BLOCK, BLOCK);
  const download = new PieceLayersDownload(metainfo);
  const trees = new HashTrees(metainfo);
  download.join(1);
  const [ask] = download.asks(0);
  ok(ask !== undefined);
  const hashes = Uint8Array.from(answer(trees, ask.range));
  hashes[40] = (hashes[40] ?? 0) ^ 1;
  equal(download.receive(2, ask.range, hashes), false);
  ok(download.receive(1, ask.range, hashes));
  deepEqual(download.takeFaults(), [{ peer: 1, code: "corrupt" }]);
  deepEqual([download.got, download.layers()], [0, []]);
});

type Kind = "honest" | "corrupt" | "cut" | "silent" | "rejects" | "leaves";

const anyKinds = fc.array(
  fc.constantFrom<Kind>("honest", "corrupt", "cut", "silent", "rejects", "leaves"),
  { maxLength: 6 },
);

test("PieceLayersDownload gets every layer from whoever is honest", () => {
  const lengths = [1, 40_000, 65_536, 65_537, 1_000_000, 700 * BLOCK, 1_500 * BLOCK];
  const files = lengths.flatMap((sizeBytes) =>
    [16_384, 65_536].map((p) => [sizeBytes, p] as const),
  );
  const torrents = files.map(([sizeBytes, piece]) => torrentOf(sizeBytes, piece));
  fc.assert(
    fc.property(fc.constantFrom(...torrents), anyKinds, (metainfo, others) => {
      const kinds: Kind[] = [...others, "honest"];
      const download = new PieceLayersDownload(metainfo);
      const trees = new HashTrees(metainfo);
      for (const peer of kinds.keys()) download.join(peer);
      for (let nowMs = 0; !download.isDone; nowMs += 1_000) {
        ok(nowMs < 600_000, "never got it");
        download.expire(nowMs);
        for (const { peer, range } of download.asks(nowMs)) {
          const kind = kinds[peer];
          const right = answer(trees, range);
          if (kind === "rejects") download.reject(peer, range, nowMs);
          else if (kind === "leaves") download.leave(peer);
          else if (kind === "honest") ok(download.receive(peer, range, right));
          else if (kind === "cut") download.receive(peer, range, right.subarray(32));
          else if (kind === "corrupt")
            download.receive(
              peer,
              range,
              right.map((byte) => byte ^ 8),
            );
        }
        for (const { peer, code } of download.takeFaults()) {
          ok(kinds[peer] !== "honest");
          equal(code === "corrupt", kinds[peer] === "corrupt" || kinds[peer] === "cut");
        }
      }
      const [file] = metainfo.files;
      ok(file !== undefined);
      const isLong = file.lengthBytes > metainfo.pieceLengthBytes;
      const layers = download.layers().map(([root, layer]) => [toHex(root), toHex(layer)]);
      const layer = pieceLayer(metainfo, file);
      deepEqual(layers, isLong ? [[toHex(file.piecesRoot), toHex(layer)]] : []);
    }),
    { numRuns: 60 },
  );
});

function torrentOf(sizeBytes: number, pieceLengthBytes: number): Metainfo {
  const name = `layers ${sizeBytes}`;
  return givenTorrent(name, { version: "v2", sizeBytes, pieceLengthBytes }).metainfo;
}

function answer(trees: HashTrees, range: HashRange): Uint8Array {
  let plan = trees.plan(range);
  while (plan.kind === "needs-another-call") plan = trees.plan(range);
  ok(plan.kind === "hashes");
  return plan.hashes;
}

function toHex(bytes: Uint8Array | null): string {
  return Buffer.from(bytes ?? []).toString("hex");
}
