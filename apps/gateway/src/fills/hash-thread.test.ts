import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { pieceProof } from "@seedfleet/metainfo";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { framedLength, unframed } from "../blocks/framed-piece.ts";
import { PieceCache } from "../blocks/piece-cache.ts";
import { type GivenTorrent, givenTorrent } from "../testing-torrent.ts";
import { Torrent } from "../torrents/torrent.ts";
import { HANDED_BYTES_MAX, HashThread, type StartHashWorker } from "./hash-thread.ts";
import { PieceFills } from "./piece-fills.ts";
import type { ReadPiece } from "./piece-intake.ts";
import { PieceSeals, SEAL_KEY_BYTES } from "./piece-seals.ts";
import { type PieceToTake, takePiece } from "./take-piece.ts";

const PIECE_BYTES = 512 * 1024;
const SIZE_BYTES = 3 * PIECE_BYTES - 100_000;
const CACHE_BYTES = 256 * 1024 * 1024;
const SEAL_KEY = new Uint8Array(SEAL_KEY_BYTES).fill(7);
const seals = new PieceSeals(SEAL_KEY);

function given(version: "v1" | "v2"): GivenTorrent {
  return givenTorrent("content", { sizeBytes: SIZE_BYTES, pieceLengthBytes: PIECE_BYTES, version });
}

for (const version of ["v1", "v2"] as const) {
  test(`HashThread takes the pieces of a ${version} torrent as takePiece() does`, async () => {
    const { thread, starts } = givenThread();
    await using _ = thread;
    const { metainfo, content } = given(version);
    const pieces = [0, 1, 2].map((piece) => toTake({ metainfo, content }, piece));
    const sealed = await Promise.all(pieces.map((piece) => thread.take(piece)));
    for (const [index, piece] of pieces.entries()) {
      const here = { ...piece, framed: shared(piece.framed.length) };
      deepEqual(sealed[index], Uint8Array.from(takePiece(seals, here) ?? []));
      deepEqual(piece.framed, here.framed);
    }
    // Those that lie in their places already are known or not just as well.
    for (const [index, { framed, ...piece }] of pieces.entries()) {
      deepEqual(await thread.take({ ...piece, framed, chunks: null }), sealed[index]);
      framed.set([(framed.at(-1) ?? 0) ^ 1], framed.length - 1);
      equal(await thread.take({ ...piece, framed, chunks: null }), null);
    }
    equal(starts.length, 1);
  });

  test(`HashThread does not take a piece of a ${version} torrent with a bit changed`, async () => {
    const { thread, starts } = givenThread();
    await using _ = thread;
    const piece = toTake(given(version), 1);
    const [, second] = piece.chunks;
    ok(second !== undefined);
    second[second.length - 1] = (second.at(-1) ?? 0) ^ 1;
    equal(await thread.take(piece), null);
    equal(await thread.take({ ...piece, chunks: piece.chunks.slice(1) }), null);
    equal(starts.length, 1);
  });
}

test("HashThread takes by itself what is known, short, or not for other threads", async () => {
  const { thread, starts } = givenThread();
  await using _ = thread;
  const piece = toTake(given("v1"), 0);
  const seal = thread.take({ ...piece, framed: Buffer.alloc(piece.framed.length) });
  ok(seal instanceof Uint8Array);
  ok(thread.take({ ...piece, kept: seal }) instanceof Uint8Array);
  ok(thread.take({ ...piece, chunks: piece.chunks.map(unshared) }) instanceof Uint8Array);
  const { thread: small } = givenThread(undefined, 15 * PIECE_BYTES);
  ok(small.take(piece) instanceof Uint8Array);
  const short = givenTorrent("short", { sizeBytes: 100_000, pieceLengthBytes: 131_072 });
  ok(thread.take(toTake(short, 0)) instanceof Uint8Array);
  equal(starts.length, 0);
});

test("HashThread takes by itself what is more than the thread shall have at hand", async () => {
  // A thread that answers nothing.
  const { thread, starts } = givenThread(() => new Worker("setInterval(() => {}, 1e6)", EVAL));
  const pieces = Array.from({ length: HANDED_BYTES_MAX / PIECE_BYTES + 1 }, () =>
    toTake(given("v1"), 0),
  );
  const taken = pieces.map((piece) => thread.take(piece));
  deepEqual(
    taken.map((seal) => seal instanceof Promise),
    pieces.map((_, index) => index < HANDED_BYTES_MAX / PIECE_BYTES),
  );
  // At the end what is at hand there is taken nevertheless.
  await thread[Symbol.asyncDispose]();
  equal((await Promise.all(taken)).filter((seal) => seal === null).length, 0);
  ok(thread.take(toTake(given("v1"), 1)) instanceof Uint8Array);
  equal(starts.length, 1);
});

const deaths = [
  { given: "exits", code: "require('worker_threads').parentPort.on('message', process.exit)" },
  { given: "throws", code: "setTimeout(() => { throw new Error('a bug') })" },
];

for (const { given: death, code } of deaths) {
  test(`HashThread whose thread ${death} takes what was there, and says so once`, async () => {
    const { thread, starts, telemetry } = givenThread(() => new Worker(code, EVAL));
    const right = toTake(given("v1"), 0);
    const wrong = toTake(given("v1"), 1);
    const [first] = wrong.chunks;
    first?.fill(0);
    const [seal, none] = await Promise.all([thread.take(right), thread.take(wrong)]);
    ok(seal instanceof Uint8Array);
    equal(none, null);
    ok(thread.take(toTake(given("v1"), 2)) instanceof Uint8Array);
    await thread[Symbol.asyncDispose]();
    equal(starts.length, 1);
    const lines = telemetry.recorded.logs.map(({ level, message }) => [level, message]);
    deepEqual(lines, [["error", "the hash thread died, pieces are hashed by the main thread"]]);
  });
}

test("PieceFills with a hash thread reads anew what it finds corrupt", async () => {
  const { torrent, cache, want, stop } = givenFills((piece, verify) => {
    const chunks = chunksOf(given("v1").content, piece);
    if (!verify) chunks[0]?.fill(0);
    return chunks;
  });
  equal(await want(1), "filled");
  const held = cache.get(torrent.shelf, 1);
  ok(held !== null);
  const bytes = Buffer.concat(unframed(held.framed, 0, PIECE_BYTES));
  ok(bytes.equals(given("v1").content.subarray(PIECE_BYTES, 2 * PIECE_BYTES)));
  equal(cache.heldBytes, framedLength(PIECE_BYTES));
  await stop();
});

test("PieceFills that stops while its hash thread has pieces ends their fills", async () => {
  const { cache, recycled, want, stop } = givenFills((piece) => {
    return chunksOf(given("v1").content, piece);
  });
  const filled = Promise.all([want(0), want(1)]);
  while (cache.heldBytes === 0) await turn();
  await stop();
  deepEqual(await filled, ["filled", "filled"]);
  equal(recycled.length, 4);
});

type GivenPiece = PieceToTake & { readonly chunks: readonly Uint8Array[] };

const EVAL = { eval: true, execArgv: [] };

function givenThread(
  startWorker?: () => Worker,
  cacheBytes: number = CACHE_BYTES,
): {
  readonly thread: HashThread;
  readonly starts: readonly Worker[];
  readonly telemetry: RecordingTelemetry;
} {
  const starts: Worker[] = [];
  const telemetry = recordingTelemetry();
  const start: StartHashWorker = (workerData) => {
    const url = new URL("hash-worker.ts", import.meta.url);
    const worker = startWorker?.() ?? new Worker(url, { workerData, execArgv: [] });
    starts.push(worker);
    return worker;
  };
  const ports = { seals, log: telemetry.log, startWorker: start };
  return { thread: new HashThread(ports, { sealKey: SEAL_KEY, cacheBytes }), starts, telemetry };
}

function givenFills(read: (piece: number, verify: boolean) => Uint8Array[]) {
  const { thread, telemetry } = givenThread();
  const { metainfo, entry } = given("v1");
  const torrent = new Torrent(metainfo, entry);
  const cache = new PieceCache({ bytesMax: 10_000_000, shared: true });
  const recycled: Uint8Array[] = [];
  const readPiece: ReadPiece = async (_torrent, piece, { verify }) => read(piece, verify);
  const fills = new PieceFills({
    ...{ clock: new VirtualClock(), telemetry, cache, readPiece },
    take: (piece) => thread.take(piece),
    recycle: (chunk) => void recycled.push(chunk),
  });
  return {
    ...{ torrent, cache, recycled },
    want: (piece: number): Promise<string> =>
      new Promise((tell) => {
        fills.want(torrent, piece, { traceId: "1", waiter: { waits: () => true, tell } });
      }),
    async stop() {
      fills.stop();
      await thread[Symbol.asyncDispose]();
    },
  };
}

function toTake(
  { metainfo, content }: Pick<GivenTorrent, "metainfo" | "content">,
  piece: number,
): GivenPiece {
  const proof = pieceProof(metainfo, piece);
  return {
    place: { torrent: 1, index: piece, lengthBytes: proof.lengthBytes },
    ...{ proof, chunks: chunksOf(content, piece), kept: null },
    framed: shared(framedLength(proof.lengthBytes)),
  };
}

/** Two, in shared memory. */
function chunksOf(content: Uint8Array, piece: number): Uint8Array[] {
  const bytes = content.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
  return [bytes.subarray(0, 1_000), bytes.subarray(1_000)].map((part) => {
    const chunk = shared(part.length);
    chunk.set(part);
    return chunk;
  });
}

function shared(lengthBytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(lengthBytes));
}

function unshared(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}
