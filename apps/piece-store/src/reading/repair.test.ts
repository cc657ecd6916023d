import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, utimesSync } from "node:fs";
import { test } from "node:test";
import { type CatalogEntry, readPieceCall } from "@seedfleet/contracts";
import { badPiecesOf, check } from "../ingest/testing.ts";
import { flipBit, GivenStore, remote } from "../testing.ts";
import { warnings } from "./testing.ts";

const PIECE_BYTES = 16_384;
const OPTIONS = { version: "v1", pieceLengthBytes: PIECE_BYTES } as const;

/** A program that does nothing for long. Its last bytes are no part of what it does. */
const PROGRAM = readFileSync("/bin/sleep");
const LAST_PIECE = Math.floor((PROGRAM.length - 1) / PIECE_BYTES);

function verified({ infoHash }: CatalogEntry): Parameters<GivenStore["read"]>[0] {
  const length = PROGRAM.length - LAST_PIECE * PIECE_BYTES;
  return { infoHash, piece: LAST_PIECE, length, verify: true };
}

test("a file that may not be written keeps its bad piece, and that is told once", async () => {
  await using given = await GivenStore.start({ "a/x": PROGRAM, "b/x": PROGRAM });
  const path = given.directory.at("a/x");
  execFileSync("chmod", ["+x", path]);
  await given.publish("b/x", OPTIONS);
  const { entry } = await given.publish("a/x", OPTIONS);
  await given.restart();
  flipBit(path, PROGRAM.length - 1);
  const running = spawn(path, ["60"], { stdio: "ignore" });
  await once(running, "spawn");
  const right = PROGRAM.subarray(LAST_PIECE * PIECE_BYTES);
  for (let time = 0; time < 3; time += 1) deepEqual(await given.read(verified(entry)), right);
  deepEqual(
    warnings(given).map(({ message }) => message),
    ["piece not repaired"],
  );
  ok(String(warnings(given)[0]?.fields["reason"]).includes("running"));
  deepEqual(await badPiecesOf(given, entry.infoHash), [LAST_PIECE]);

  running.kill();
  await once(running, "exit");
  deepEqual(await given.read(verified(entry)), right);
  deepEqual(await badPiecesOf(given, entry.infoHash), []);
  deepEqual(readFileSync(path), PROGRAM);
});

test("a repaired file keeps its time, and is read as before", async () => {
  await using given = await GivenStore.start({ "a/x": PROGRAM, "b/x": PROGRAM });
  const path = given.directory.at("a/x");
  utimesSync(path, 1_234, 1_234);
  await given.publish("b/x", OPTIONS);
  const { entry } = await given.publish("a/x", OPTIONS);
  await given.restart();
  const before = statSync(path, { bigint: true });
  flipBit(path, PROGRAM.length - 1);
  // Readers and repairs come at once; neither takes the other for a change of the file.
  const reads = Array.from({ length: 60 }, (_, at) =>
    at % 6 === 0
      ? given.read(verified(entry))
      : given.read({ infoHash: entry.infoHash, begin: at, length: 1 }),
  );
  for (const [at, bytes] of (await Promise.all(reads)).entries()) {
    if (at % 6 !== 0) equal(bytes[0], PROGRAM[at]);
  }
  const { ino, mtimeNs, size } = statSync(path, { bigint: true });
  deepEqual([ino, mtimeNs, size], [before.ino, before.mtimeNs, before.size]);
  deepEqual(await given.readAll(entry), PROGRAM);
  deepEqual(warnings(given), []);
});

test("a repair is no change to a torrent of a file that is part of the repaired one", async () => {
  await using given = await GivenStore.start({ "a/x": PROGRAM, "m/a/x": PROGRAM });
  await given.publish("m/a", OPTIONS);
  const { entry } = await given.publish("a", OPTIONS);
  const part = (await given.publish("a/x", OPTIONS)).entry;
  ok(part.infoHash !== entry.infoHash);
  await given.restart();
  await given.read({ infoHash: part.infoHash });
  for (let time = 0; time < 5; time += 1) {
    flipBit(given.directory.at("a/x"), PROGRAM.length - 1);
    let isRepaired = false;
    const repairing = given.read(verified(entry)).finally(() => {
      isRepaired = true;
    });
    for (let begin = 0; !isRepaired; begin += 1) {
      await given.read({ infoHash: part.infoHash, begin: begin % PIECE_BYTES });
    }
    await repairing;
  }
  equal(given.telemetry.recorded.total("seedfleet_piece_store_repaired_pieces"), 5);
  deepEqual(warnings(given), []);
});

test("a piece is repaired from another store", async () => {
  await using given = await GivenStore.start({ "a/x": PROGRAM });
  const ports = { bus: given.bus };
  await using other = await GivenStore.start({ "b/x": PROGRAM }, { id: "store-2" }, ports);
  const { entry } = await given.publish("a/x", OPTIONS);
  equal((await other.publish("b/x", OPTIONS)).entry.sources.length, 2);
  await given.bus.flush();
  for (const piece of [0, LAST_PIECE]) flipBit(given.directory.at("a/x"), piece * PIECE_BYTES);
  // Bad at both, so that nobody can repair it.
  flipBit(given.directory.at("a/x"), PIECE_BYTES);
  flipBit(other.directory.at("b/x"), PIECE_BYTES);

  await check(given, entry.infoHash, ["a/x"]);
  deepEqual(await badPiecesOf(given, entry.infoHash), [1]);
  equal(given.telemetry.recorded.total("seedfleet_piece_store_repaired_pieces"), 2);
  deepEqual(await badPiecesOf(other, entry.infoHash), [1]);
  await rejects(
    given.read({ infoHash: entry.infoHash, piece: 1, verify: true }),
    remote("piece-corrupt"),
  );
});

test("a store that gives more than a piece, or other bytes, repairs nothing", async () => {
  await using given = await GivenStore.start({ "a/x": PROGRAM });
  const { entry } = await given.publish("a/x", OPTIONS);
  const { infoHash } = entry;
  const [source] = entry.sources;
  ok(source);
  const liars = ["endless", "false", "silent", "failing"];
  await given.catalog.change(infoHash, (before) => {
    const others = liars.map((holder) => ({ ...source, holder }));
    return before && { ...before, sources: [...before.sources, ...others] };
  });
  let sent = 0;
  const serve = (holder: string, chunks: () => Iterable<Uint8Array>): void => {
    given.bus.serveStream(readPieceCall, { params: { holder } }, chunks);
  };
  serve("endless", function* () {
    for (; ; sent += 1) yield Buffer.alloc(PIECE_BYTES);
  });
  serve("false", () => [Buffer.alloc(PIECE_BYTES)]);
  serve("silent", () => []);
  serve("failing", () => {
    throw new Error("no");
  });
  flipBit(given.directory.at("a/x"), 0);
  const before = readFileSync(given.directory.at("a/x"));
  await check(given, infoHash, ["a/x"]);
  deepEqual(await badPiecesOf(given, infoHash), [0]);
  deepEqual(readFileSync(given.directory.at("a/x")), before);
  ok(sent < 20, `it took ${sent} chunks`);
});
