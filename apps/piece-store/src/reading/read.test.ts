import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appendFileSync, rmSync, truncateSync } from "node:fs";
import { test } from "node:test";
import { parseInfoHash } from "@seedfleet/bytes";
import { CATALOG_BUCKET, checkupCall, readPieceCall } from "@seedfleet/contracts";
import { watchPresence } from "@seedfleet/fleet";
import { systemClock } from "@seedfleet/runtime";
import { GivenStore, HOLDER, remote } from "../testing.ts";
import { CHUNK_BYTES } from "./chunk-read.ts";
import { READS_EACH_MAX, READS_WAITING_MAX } from "./source-reads.ts";
import { withPayloadMax } from "./testing.ts";

const unknown = parseInfoHash("ab".repeat(20));

test("pieces read back are the content, over files that begin and end anywhere", async () => {
  const files = {
    "d/a": randomBytes(16_384 * 3 + 5),
    "d/b/empty": Buffer.of(),
    "d/b/é \u{1f600}": randomBytes(7),
    "d/c": randomBytes(100_000),
    "d/z empty": Buffer.of(),
  };
  await using given = await GivenStore.start(files);
  const { entry } = await given.publish("d");
  const whole = Buffer.concat(Object.values(files));
  deepEqual(await given.readAll(entry), whole);
  await given.restart();
  deepEqual(await given.readAll(entry), whole);
  const part = await given.read({ infoHash: entry.infoHash, piece: 3, begin: 1, length: 9 });
  deepEqual(part, whole.subarray(16_384 * 3 + 1, 16_384 * 3 + 10));
  equal(given.telemetry.recorded.total("seedfleet_piece_store_reads"), entry.pieceCount + 1);
  equal(given.telemetry.recorded.total("seedfleet_piece_store_read_bytes"), whole.length + 9);
});

const PIECE_BYTES = 16_384;

const outside = [
  { given: "a piece after the last", read: { piece: 2 } },
  { given: "bytes after the end of a piece", read: { length: PIECE_BYTES + 1 } },
  { given: "bytes after the end of the last piece", read: { piece: 1, length: 8 } },
  { given: "a beginning after the end", read: { begin: PIECE_BYTES } },
  { given: "a beginning that no file has", read: { begin: Number.MAX_SAFE_INTEGER } },
] as const;

for (const { given: situation, read } of outside) {
  test(`reading ${situation} is refused`, async () => {
    await using given = await GivenStore.start({ a: Buffer.alloc(PIECE_BYTES + 7) });
    const { infoHash } = (await given.publish("a")).entry;
    await rejects(given.read({ infoHash, ...read }), remote("piece-out-of-range"));
  });
}

test("reading a torrent that is not held here is refused", async () => {
  await using given = await GivenStore.start({ a: "12345" });
  ok(unknown);
  await rejects(given.read({ infoHash: unknown }), remote("torrent-unknown"));
  const { entry } = await given.publish("a");
  const sources = entry.sources.map((source) => ({ ...source, holder: "another-store" }));
  const other = { ...entry, infoHash: unknown, sources };
  await given.catalog.publish(other, Buffer.of());
  await rejects(given.read({ infoHash: unknown }), remote("torrent-unknown"));
});

test("a torrent taken out of the catalog is not read from any more", async () => {
  await using given = await GivenStore.start({ a: "12345" });
  const { infoHash } = (await given.publish("a")).entry;
  await given.catalog.remove(infoHash);
  await given.bus.flush();
  await rejects(given.read({ infoHash }), remote("torrent-unknown"));
});

const changes: readonly { readonly given: string; readonly change: (path: string) => void }[] = [
  { given: "grew", change: (path) => appendFileSync(path, "more") },
  { given: "shrank", change: (path) => truncateSync(path, 1) },
  { given: "vanished", change: (path) => rmSync(path) },
];

for (const { given: situation, change } of changes) {
  for (const when of ["under the running store", "while no store ran"] as const) {
    test(`a file that ${situation} ${when} is refused, and logged once`, async () => {
      await using given = await GivenStore.start({ "a/b": "12345", "a/c": "67890" });
      const { infoHash } = (await given.publish("a")).entry;
      equal((await given.read({ infoHash, length: 10 })).toString(), "1234567890");
      change(given.directory.at("a/c"));
      if (when === "while no store ran") await given.restart();
      for (let read = 0; read < 3; read += 1) {
        const both = [1, 2].map(() => given.read({ infoHash, length: 10 }));
        await Promise.all(both.map((each) => rejects(each, remote("content-changed"))));
      }
      // Also of what has not changed: a torrent is either what was hashed or it is not.
      await rejects(given.read({ infoHash, length: 5 }), remote("content-changed"));
      const whole = when === "while no store ran" && situation !== "vanished";
      const path = given.directory.at(whole ? "a" : "a/c");
      deepEqual(warnings(given), [{ infoHash, name: "a", path, remedy: "publish it again" }]);
    });
  }
}

test("a changed torrent is read again once it is published again", async () => {
  await using given = await GivenStore.start({ "a/b": "12345" });
  const before = await given.publish("a");
  const { infoHash } = before.entry;
  // Written anew with the same bytes: another time, but the same torrent.
  given.directory.write("a/b", "12345+");
  await rejects(given.read({ infoHash }), remote("content-changed"));
  given.directory.write("a/b", "12345");
  await rejects(given.read({ infoHash }), remote("content-changed"));
  equal((await given.publish("a")).entry.infoHash, infoHash);
  equal((await given.read({ infoHash, length: 5 })).toString(), "12345");
  equal(warnings(given).length, 1);
});

test("a piece goes over a bus that copies in chunks, over the embedded one whole", async () => {
  const whole = randomBytes(3 * 1024 * 1024 + 1);
  await using given = await GivenStore.start({ a: whole });
  const { entry } = await given.publish("a");
  // A draft of small content has small pieces, so that a long one must be made by hand.
  const request = {
    infoHash: entry.infoHash,
    piece: 0,
    begin: 0,
    length: entry.pieceLengthBytes,
    verify: false,
  };
  const chunks = await Array.fromAsync(
    given.bus.stream(readPieceCall, { holder: HOLDER }, request),
  );
  deepEqual(Buffer.concat(chunks), whole.subarray(0, entry.pieceLengthBytes));
  equal(chunks.length, 1);
  ok(CHUNK_BYTES * 2 <= 1024 * 1024);

  const small = 4_096;
  await given.restart(withPayloadMax(given.bus, small));
  const parts = await Array.fromAsync(given.bus.stream(readPieceCall, { holder: HOLDER }, request));
  deepEqual(Buffer.concat(parts), whole.subarray(0, entry.pieceLengthBytes));
  ok(parts.every(({ length }) => length <= small));
});

test("more reads than may wait are refused as busy, the others are answered", async () => {
  const asked = READS_EACH_MAX + READS_WAITING_MAX + 10;
  await using given = await GivenStore.start({ a: "x".repeat(asked) });
  const { infoHash } = (await given.publish("a")).entry;
  // Each of another byte, since who asks for the same shares one read.
  const reads = Array.from({ length: asked }, (_, begin) => given.read({ infoHash, begin }));
  const settled = await Promise.allSettled(reads);
  const answered = settled.filter(({ status }) => status === "fulfilled").length;
  const busy = settled.filter((each) => each.status === "rejected");
  ok(busy.length > 0 && busy.every(({ reason }) => remote("store-busy")(reason)));
  ok(answered >= READS_EACH_MAX + READS_WAITING_MAX);
  equal((await given.read({ infoHash, length: 5 })).toString(), "xxxxx");
});

test("a store says that it is there, and that it goes", async () => {
  await using given = await GivenStore.start();
  const presence = watchPresence({ bus: given.bus, clock: systemClock }, ["piece-store"]);
  const first = await presence.first("piece-store");
  deepEqual([first.id, first.draining, given.store.ready().ready], [HOLDER, false, true]);
  await given.store.drain();
  await given.bus.flush();
  deepEqual(presence.available("piece-store"), []);
  equal(given.store.ready().ready, false);
  presence.stop();
});

test("what was published from a directory is not read once that is no root any more", async () => {
  await using given = await GivenStore.start({ "a/b": "12345", "c/d": "" });
  const { infoHash } = (await given.publish("a")).entry;
  await given.restart(given.bus, { roots: [given.directory.at("c")] });
  for (let read = 0; read < 2; read += 1) {
    await rejects(given.read({ infoHash }), remote("torrent-unknown"));
  }
  const [warning, ...others] = given.telemetry.recorded.logs.filter(
    ({ level }) => level === "warn",
  );
  deepEqual([warning?.message, others], ["source unreadable", []]);
  ok(String(warning?.fields["reason"]).includes("must be absolute and lie under"));
  const named = { service: "piece-store", id: HOLDER };
  const { store } = await given.bus.call(checkupCall, named, {});
  deepEqual(
    store?.unreadable.map(({ location, reason }) => [location, reason]),
    [[given.directory.at("a"), warning?.fields["reason"]]],
  );
  deepEqual(
    store?.directories.map(({ path, fault }) => [path, fault]),
    [[given.directory.at("c"), null]],
  );
});

test("an entry that cannot be read is no reason not to start", async () => {
  await using given = await GivenStore.start({ a: "12345" });
  const entries = await given.bus.keyValue(CATALOG_BUCKET);
  await entries.put("ab".repeat(20), Buffer.from("{"));
  await given.restart();
  const { entry } = await given.publish("a");
  equal((await given.readAll(entry)).toString(), "12345");
});

function warnings(given: GivenStore): unknown[] {
  const lines = given.telemetry.recorded.logs.filter(({ level }) => level === "warn");
  return lines.map(({ fields }) => fields);
}
