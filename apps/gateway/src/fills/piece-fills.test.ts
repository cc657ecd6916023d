import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { Landing } from "@seedfleet/bus";
import type { PieceRead } from "@seedfleet/contracts";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { advanceUntil, turn, VirtualClock } from "@seedfleet/testkit";
import { unframed } from "../blocks/framed-piece.ts";
import { PieceCache } from "../blocks/piece-cache.ts";
import { storeRefuses } from "../testing.ts";
import { givenTorrent } from "../testing-torrent.ts";
import { Torrent } from "../torrents/torrent.ts";
import { FILL_RETRY_MS_MAX, FILLS_IN_FLIGHT_MAX, PieceFills } from "./piece-fills.ts";
import type { ReadPiece } from "./piece-intake.ts";
import { PieceSeals, SEAL_KEY_BYTES } from "./piece-seals.ts";
import type { FillOutcome } from "./piece-source.ts";
import { type TakePiece, takePiece } from "./take-piece.ts";

const GIVEN = givenTorrent("content", { sizeBytes: 1_100_000, pieceLengthBytes: 32_768 });
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

test("PieceFills.want() given many waiters reads once and tells all of them", async () => {
  const given = givenFills(async (_torrent, piece) => pieceOf(piece));
  const outcomes = await Promise.all([given.want(1), given.want(1), given.want(1)]);
  deepEqual(outcomes, ["filled", "filled", "filled"]);
  deepEqual(given.read, [1]);
  deepEqual(given.cached(1), pieceOf(1));
  // What was filled and is wanted again has been evicted meanwhile.
  equal(await given.want(1), "filled");
  deepEqual(given.read, [1, 1]);
});

test("PieceFills.want() given the last, shorter piece takes its length and no other", async () => {
  const last = GIVEN.metainfo.pieceCount - 1;
  const right = givenFills(async () => pieceOf(last));
  equal(await right.want(last), "filled");
  const padded = givenFills(async () => Buffer.concat([pieceOf(last), Buffer.of(0)]));
  equal(await padded.want(last), "gone");
});

test("PieceFills.want() given a torrent of the same hash published anew fills each", async () => {
  const given = givenFills(async (_torrent, piece) => pieceOf(piece));
  const other = new Torrent(GIVEN.metainfo, GIVEN.entry);
  deepEqual(await Promise.all([given.want(0), given.want(0, other)]), ["filled", "filled"]);
  deepEqual(given.read, [0, 0]);
});

test("PieceFills.want() given bytes corrupt once reads them again", async () => {
  // The store checks the hash itself when it is asked the second time.
  const given = givenFills(async (_torrent, piece, { verify }) =>
    verify ? pieceOf(piece) : corrupt(piece),
  );
  equal(await given.want(2), "filled");
  deepEqual(given.cached(2), pieceOf(2));
  ok(given.torrent.have.isFull);
  equal(given.clock.nowMs(), 0);
});

test("PieceFills.want() given bytes corrupt twice loses the piece, and says so once", async () => {
  const given = givenFills(async (_torrent, piece) => corrupt(piece));
  equal(await given.want(2), "gone");
  equal(await given.want(2), "gone");
  deepEqual([given.read.length, given.cached(2)], [4, null]);
  deepEqual(
    [given.torrent.have.has(2), given.torrent.have.count],
    [false, GIVEN.metainfo.pieceCount - 1],
  );
  const lines = given.telemetry.recorded.logs.map(({ level, message }) => [level, message]);
  deepEqual(lines, [["error", "piece corrupt, not served"]]);
});

test("PieceFills.want() given corrupt bytes between failures does not forget them", async () => {
  const answers = [corrupt(0), null, corrupt(0)];
  const given = givenFills(async () => {
    const bytes = answers[given.read.length - 1] ?? null;
    if (bytes === null) throw storeRefuses("store-busy");
    return bytes;
  });
  equal(await advanceUntil(given.clock, 100, given.want(0)), "gone");
  equal(given.read.length, 3);
});

test("PieceFills.want() given other bytes than it verified before does not take them", async () => {
  const answers = [pieceOf(2), corrupt(2), corrupt(2)];
  const given = givenFills(async () => answers[given.read.length - 1] ?? pieceOf(2));
  equal(await given.want(2), "filled");
  equal(await given.want(2), "gone");
  deepEqual(given.cached(2), pieceOf(2));
});

test("PieceFills.want() given a piece that is read to its place takes it from there", async () => {
  const given = givenFills(async (_torrent, piece, { landing }) => land(landing, pieceOf(piece)));
  const last = GIVEN.metainfo.pieceCount - 1;
  for (const piece of [2, last, 2]) {
    equal(await given.want(piece), "filled");
    deepEqual(given.cached(piece), pieceOf(piece));
  }
  deepEqual(given.read, [2, last, 2]);
});

test("PieceFills.want() given a piece's place filled wrongly has the store check it", async () => {
  const verified: boolean[] = [];
  const given = givenFills(async (_torrent, piece, { landing, verify }) => {
    verified.push(verify);
    return verify ? pieceOf(piece) : land(landing, corrupt(piece));
  });
  // The second time it is known by its seal, which the wrong bytes do not fit.
  for (const _time of [1, 2]) {
    equal(await given.want(2), "filled");
    deepEqual(given.cached(2), pieceOf(2));
  }
  deepEqual(verified, [false, true, false, true]);
});

test("PieceFills.want() seals a piece alike, to its place or in chunks however cut", async () => {
  let kept = 0;
  const given = givenFills(async (_torrent, piece, { landing }) =>
    given.read.length % 2 === 1 ? land(landing, pieceOf(piece)) : pieceOf(piece),
  );
  const { sealed } = given.torrent;
  const keep = sealed.keep.bind(sealed);
  sealed.keep = (piece, seals) => {
    kept += 1;
    keep(piece, seals);
  };
  for (const _time of [1, 2, 3]) equal(await given.want(2), "filled");
  equal(kept, 1);
});

test("PieceFills.want() never uses memory again that a source may still write to", async () => {
  const late: Landing<PieceRead>[] = [];
  const given = givenFills(async (_torrent, piece, { landing }) => {
    ok(landing !== null);
    ok(landing.take());
    late.push(landing);
    if (late.length === 1) throw storeRefuses("bus-timeout");
    return pieceOf(piece);
  });
  equal(await advanceUntil(given.clock, 100, given.want(0)), "filled");
  for (let piece = 1; piece < 40; piece += 1) equal(await given.want(piece % 5), "filled");
  for (const landing of late) {
    for (const part of landing.parts) part.fill(255);
    landing.fill();
  }
  for (const piece of [0, 1, 2, 3, 4]) deepEqual(given.cached(piece), pieceOf(piece));
});

for (const code of ["content-changed", "torrent-unknown", "piece-out-of-range"]) {
  test(`PieceFills.want() given a store that answers ${code} does not ask again`, async () => {
    const given = givenFills(() => Promise.reject(storeRefuses(code)));
    equal(await given.want(0), "gone");
    deepEqual([given.read.length, given.torrent.have.has(0)], [1, false]);
  });
}

test("PieceFills.want() given a store that is away waits longer each time, up to 2 s", async () => {
  const askedAtMs: number[] = [];
  const given = givenFills(async (_torrent, piece) => {
    askedAtMs.push(given.clock.nowMs());
    if (askedAtMs.length < 7) throw storeRefuses("bus-no-responders");
    return pieceOf(piece);
  });
  equal(await advanceUntil(given.clock, 100, given.want(0)), "filled");
  deepEqual(
    askedAtMs.slice(1).map((atMs, index) => atMs - (askedAtMs[index] ?? 0)),
    [200, 400, 800, 1_600, 2_000, 2_000],
  );
  ok(given.torrent.have.isFull);
});

test("PieceFills.want() given a store that stays away gives up after a minute", async () => {
  const given = givenFills(() => Promise.reject(new Error("the disk failed")));
  equal(await advanceUntil(given.clock, 100, given.want(0)), "gave-up");
  ok(given.clock.nowMs() >= FILL_RETRY_MS_MAX && given.clock.nowMs() < FILL_RETRY_MS_MAX + 3_000);
  // It may be there again for the next peer, so nothing is said to be lost.
  ok(given.torrent.have.isFull);
  const [line, ...more] = given.telemetry.recorded.logs;
  deepEqual(
    [line?.message, line?.fields["reason"], more],
    ["piece fill given up", "the disk failed", []],
  );
});

test("PieceFills given more pieces than may be read at once reads the others in turn", async () => {
  const started: PromiseWithResolvers<Uint8Array>[] = [];
  const given = givenFills(() => {
    const reading = Promise.withResolvers<Uint8Array>();
    started.push(reading);
    return reading.promise;
  });
  const wanted = FILLS_IN_FLIGHT_MAX + 5;
  const outcomes = Array.from({ length: wanted }, (_, piece) => given.want(piece));
  await turn();
  equal(started.length, FILLS_IN_FLIGHT_MAX);
  started[3]?.resolve(pieceOf(3));
  equal(await outcomes[3], "filled");
  await turn();
  equal(started.length, FILLS_IN_FLIGHT_MAX + 1);
  for (let piece = 0; piece < wanted; piece += 1) {
    started[piece]?.resolve(pieceOf(given.read[piece] ?? 0));
    equal(await outcomes[piece], "filled");
    await turn();
  }
  deepEqual(
    given.read,
    Array.from({ length: wanted }, (_, piece) => piece),
  );
});

test("PieceFills.wantLater() leaves half of the places to peers, who go first", async () => {
  const given = givenSlowFills();
  for (let piece = 0; piece < FILLS_IN_FLIGHT_MAX; piece += 1) void given.wantLater(piece);
  await turn();
  const half = FILLS_IN_FLIGHT_MAX / 2;
  deepEqual(given.read, range(0, half));
  // Peers take the other places at once, and those that come free before what may come later.
  for (const piece of range(16, 16 + half + 1)) void given.want(piece);
  await turn();
  deepEqual(given.read.slice(half), range(16, 16 + half));
  await given.finish(0);
  equal(given.read.at(-1), 16 + half);
  for (const piece of range(16, 16 + half + 1)) await given.finish(piece);
  // With seven left of its own and no peer that waits, one more may be read.
  deepEqual(given.read.slice(FILLS_IN_FLIGHT_MAX + 1), [half]);
});

test("PieceFills.want() given a piece that was to come later does not wait for that", async () => {
  const given = givenSlowFills();
  const later = range(0, 12).map((piece) => given.wantLater(piece));
  const wanted = given.want(11);
  await turn();
  equal(given.read.at(-1), 11);
  await given.finish(11);
  deepEqual(await Promise.all([wanted, later[11]]), ["filled", "filled"]);
  const { recorded } = given.telemetry;
  const [span] = recorded.spans.filter(({ attributes }) => attributes["piece"] === 11);
  equal(span?.traceId, TRACE_ID);
  for (const piece of range(0, 11)) await given.finish(piece);
  await Promise.all(later);
  deepEqual(
    given.read.toSorted((a, b) => a - b),
    range(0, 12),
  );
});

test("PieceFills.wantLater() given a piece under way is told with the others", async () => {
  const given = givenSlowFills();
  const both = [given.want(3), given.wantLater(3)];
  await turn();
  await given.finish(3);
  deepEqual(await Promise.all(both), ["filled", "filled"]);
  deepEqual(given.read, [3]);
});

test("PieceFills reads no piece that whoever asked for it does not want any more", async () => {
  const given = givenFills(() => Promise.reject(new Error("read all the same")));
  const waiter = { waits: () => false, tell: () => Promise.reject(new Error("told all the same")) };
  given.fills.want(given.torrent, 1, { traceId: TRACE_ID, waiter });
  await turn();
  deepEqual(given.read, []);
  const outcome = { outcome: "unwanted" };
  equal(given.telemetry.recorded.total("seedfleet_gateway_fills", outcome), 1);
});

test("PieceFills.stop() given a fill that waits for its store ends it", async () => {
  const given = givenFills(() => Promise.reject(storeRefuses("store-busy")));
  const outcome = given.want(0);
  await turn();
  given.fills.stop();
  equal(await outcome, "gave-up");
  equal(given.read.length, 1);
});

test("PieceFills counts outcomes and joins the download's trace", async () => {
  const given = givenFills(async (_torrent, piece) => {
    if (piece === 1) throw storeRefuses("content-changed");
    return pieceOf(piece);
  });
  await Promise.all([0, 1, 2].map((piece) => given.want(piece)));
  const { recorded } = given.telemetry;
  equal(recorded.total("seedfleet_gateway_fills", { outcome: "filled" }), 2);
  equal(recorded.total("seedfleet_gateway_fills", { outcome: "gone" }), 1);
  deepEqual(
    recorded.spans.map(({ name, traceId, attributes }) => [name, traceId, attributes["piece"]]),
    [0, 1, 2].map((piece) => ["piece fill", TRACE_ID, piece]),
  );
});

type GivenFills = {
  readonly fills: PieceFills;
  readonly clock: VirtualClock;
  readonly telemetry: RecordingTelemetry;
  readonly torrent: Torrent;
  /** The pieces read so far. */
  readonly read: number[];
  want(piece: number, torrent?: Torrent): Promise<FillOutcome>;
  wantLater(piece: number): Promise<FillOutcome>;
  cached(piece: number): Buffer | null;
};

type ReadWhole = (...read: Parameters<ReadPiece>) => Promise<Uint8Array>;

function givenFills(readWhole: ReadWhole): GivenFills {
  const seals = new PieceSeals(new Uint8Array(SEAL_KEY_BYTES));
  const clock = new VirtualClock();
  const telemetry = recordingTelemetry();
  const cache = new PieceCache({ bytesMax: 10_000_000 });
  const torrent = new Torrent(GIVEN.metainfo, GIVEN.entry);
  const read: number[] = [];
  const readPiece: ReadPiece = async (of, piece, options) => {
    read.push(piece);
    const bytes = await readWhole(of, piece, options);
    return [bytes.subarray(0, 1_000), bytes.subarray(1_000)];
  };
  const take: TakePiece = (piece) => takePiece(seals, piece);
  const fills = new PieceFills({ clock, telemetry, cache, readPiece, take, recycle() {} });
  return {
    ...{ fills, clock, telemetry, torrent, read },
    want: (piece, of = torrent) =>
      new Promise((tell) => {
        const waiter = { waits: () => true, tell };
        fills.want(of, piece, { traceId: TRACE_ID, waiter });
      }),
    wantLater: (piece) =>
      new Promise((tell) => fills.wantLater(torrent, piece, { waits: () => true, tell })),
    cached(piece) {
      const held = cache.get(torrent.shelf, piece);
      return held && Buffer.concat(unframed(held.framed, 0, pieceOf(piece).length));
    },
  };
}

/** Reads end when the test says so. */
function givenSlowFills(): GivenFills & { finish(piece: number): Promise<void> } {
  const reading = new Map<number, (bytes: Uint8Array) => void>();
  const given = givenFills(
    (_torrent, piece) => new Promise((resolve) => void reading.set(piece, resolve)),
  );
  return {
    ...given,
    async finish(piece) {
      reading.get(piece)?.(pieceOf(piece));
      await turn();
    },
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

/** Has the bytes where they are wanted; no chunk has any then. */
function land(landing: Landing<PieceRead> | null, bytes: Uint8Array): Uint8Array {
  ok(landing !== null);
  ok(landing.take());
  let at = 0;
  for (const part of landing.parts) {
    part.set(bytes.subarray(at, at + part.length));
    at += part.length;
  }
  equal(at, bytes.length);
  landing.fill();
  return new Uint8Array(0);
}

function pieceOf(piece: number): Buffer {
  const at = piece * GIVEN.metainfo.pieceLengthBytes;
  return GIVEN.content.subarray(at, at + GIVEN.metainfo.pieceLengthBytes);
}

function corrupt(piece: number): Buffer {
  const bytes = Buffer.from(pieceOf(piece));
  bytes[7] = (bytes[7] ?? 0) ^ 1;
  return bytes;
}
