import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { decodeExtensionHandshake, EXTENSION_HANDSHAKE_ID } from "@seedfleet/wire";
import { GivenMirror } from "./testing-mirror.ts";
import { givenTorrent } from "./testing-torrent.ts";

const PIECE_BYTES = 65_536;

/** `b` begins in the last piece of `a`, and ends in the first of `c/d`. */
const FILES = {
  a: 8 * PIECE_BYTES + 1,
  b: 4 * PIECE_BYTES,
  "c/d": 10 * PIECE_BYTES,
} as const;
const TORRENT = givenTorrent("chosen", { files: FILES });
const { pieceCount } = TORRENT.metainfo;
const OF_B = [8, 9, 10, 11, 12];

const ALL = { only: [], first: [], sequential: false };

/** A mirror, and an honest seed that keeps what pieces it is asked for, in order. */
async function given() {
  const mirrored = await GivenMirror.start(TORRENT);
  const asked = new Set<number>();
  const seed = await mirrored.peer("seed", {
    asked(connection, { piece, begin }, data) {
      asked.add(piece);
      connection.say({ kind: "piece", piece, begin, data });
    },
  });
  return { mirrored, seed, asked };
}

test("a mirror of chosen files is partial once they are there, whole when all are", async () => {
  const { mirrored, seed, asked } = await given();
  await using _mirrored = mirrored;
  await mirrored.mirror([seed], [], { choice: { ...ALL, only: ["b"] } });
  await mirrored.until(() => mirrored.progress?.state === "partial");
  deepEqual(
    [...asked].toSorted((x, y) => x - y),
    OF_B,
  );
  deepEqual([...mirrored.there.pieces()], OF_B);
  const { chosen, havePieces, reason } = mirrored.progress ?? {};
  deepEqual(
    { chosen, havePieces, reason },
    {
      chosen: { pieces: OF_B.length, missing: 0 },
      ...{ havePieces: OF_B.length, reason: null },
    },
  );

  // It has something for others and wants nothing (BEP 21).
  const peer = await mirrored.given.join(TORRENT, "peer", { reserved: { extended: true } });
  await peer.until(() => peer.extensions(EXTENSION_HANDSHAKE_ID).length > 0);
  const [hello = new Uint8Array(0)] = peer.extensions(EXTENSION_HANDSHAKE_ID);
  const said = decodeExtensionHandshake(hello);
  ok("uploadOnly" in said && said.uploadOnly === true);

  await mirrored.mirror([seed], [], { choice: { ...ALL, only: ["*"] } });
  await mirrored.until(() => mirrored.progress?.state === "complete");
  equal(mirrored.there.isFull, true);
  equal(asked.size, pieceCount);
  equal(mirrored.progress?.wastedBytes, 0);
});

test("a mirror that wants nothing more says so to who is connected already", async () => {
  const mirrored = await GivenMirror.start(TORRENT);
  await using _mirrored = mirrored;
  const isThere = Promise.withResolvers<void>();
  const seed = await mirrored.peer("seed", {
    asked(connection, { piece, begin }, data) {
      void isThere.promise.then(() => connection.say({ kind: "piece", piece, begin, data }));
    },
  });
  await mirrored.mirror([seed], [], { choice: { ...ALL, only: ["b"] } });
  await mirrored.until(() => mirrored.progress?.state === "downloading");
  const peer = await mirrored.given.join(TORRENT, "peer", { reserved: { extended: true } });
  const said = (): readonly boolean[] =>
    peer.extensions(EXTENSION_HANDSHAKE_ID).map((hello) => {
      const handshake = decodeExtensionHandshake(hello);
      return "uploadOnly" in handshake && handshake.uploadOnly === true;
    });
  await peer.until(() => said().length > 0);
  deepEqual(said(), [false]);
  isThere.resolve();
  await mirrored.until(() => mirrored.progress?.state === "partial");
  await peer.until(() => said().length > 1);
  deepEqual(said(), [false, true]);
});

test("a mirror of which no file was chosen says so, and fetches nothing", async () => {
  const { mirrored, seed, asked } = await given();
  await using _mirrored = mirrored;
  await mirrored.mirror([seed], [], { choice: { ...ALL, only: ["*.img"] } });
  await mirrored.until(() => mirrored.progress?.state === "partial");
  equal(mirrored.progress?.reason, "no file of the torrent was chosen");
  equal(asked.size, 0);
});

test("a mirror fetches the files first that are to come first", async () => {
  const { mirrored, seed, asked } = await given();
  await using _mirrored = mirrored;
  await mirrored.mirror([seed], [], { choice: { ...ALL, first: ["b"] } });
  await mirrored.until(() => mirrored.progress?.state === "complete");
  deepEqual(
    [...asked].slice(0, OF_B.length).toSorted((x, y) => x - y),
    OF_B,
  );
  equal(asked.size, pieceCount);
});

test("a sequential mirror fetches from the front", async () => {
  const { mirrored, seed, asked } = await given();
  await using _mirrored = mirrored;
  await mirrored.mirror([seed], [], { choice: { ...ALL, only: ["b", "c"], sequential: true } });
  await mirrored.until(() => mirrored.progress?.state === "partial");
  deepEqual(
    [...asked],
    Array.from({ length: pieceCount - 8 }, (_, at) => at + 8),
  );
});
