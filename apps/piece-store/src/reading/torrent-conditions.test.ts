import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { type InfoHash, infoHashFromBytes } from "@seedfleet/bytes";
import {
  BAD_PIECES_MAX,
  type CatalogEntry,
  CONDITION_BUCKET,
  pieceConditionEvent,
  TORRENT_SOURCES_MAX,
  torrentCondition,
} from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { conditionOf } from "../ingest/testing.ts";
import { flipBit, GivenStore, refusing } from "../testing.ts";
import { TorrentConditions } from "./torrent-conditions.ts";

const HOLDER = "store-1";
const TORRENT = { infoHash: hashOf(1), name: "one" };

function hashOf(torrent: number): InfoHash {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32BE(torrent, 16);
  return infoHashFromBytes(bytes);
}

function entryOf(infoHash: InfoHash, locations: readonly string[]): CatalogEntry {
  const fingerprint = "0".repeat(64);
  return {
    ...{ infoHash, infoHashV2: null, version: "v1", aliases: [], name: "one", private: false },
    ...{ sizeBytes: 1, contentBytes: 1, pieceLengthBytes: 16_384, pieceCount: 1, fileCount: 1 },
    sources: locations.map((location) => ({
      holder: HOLDER,
      shared: false,
      location,
      fingerprint,
    })),
    addedAtMs: 0,
  };
}

/** Conditions on a bus that outlives them. */
class GivenConditions implements AsyncDisposable {
  readonly bus: Bus;
  readonly told: unknown[] = [];
  telemetry: RecordingTelemetry = recordingTelemetry();
  conditions: TorrentConditions;

  private constructor(bus: Bus, conditions: TorrentConditions) {
    this.bus = bus;
    this.conditions = conditions;
    bus.subscribe(pieceConditionEvent, {}, ({ location, piece, condition }) => {
      this.told.push([location, piece, condition]);
    });
  }

  static async start(locations: readonly string[] = ["/a", "/b"]): Promise<GivenConditions> {
    const telemetry = recordingTelemetry();
    const clock = new VirtualClock();
    const bus = createBus(openEmbeddedBus({ file: null }), { clock, telemetry });
    const catalog = await openCatalog(bus, telemetry.log);
    await catalog.publish(entryOf(TORRENT.infoHash, locations), Buffer.of());
    const { log } = telemetry;
    const conditions = await TorrentConditions.open({ bus, clock, log }, HOLDER);
    const given = new GivenConditions(bus, conditions);
    given.telemetry = telemetry;
    return given;
  }

  async restart(bus: Bus = this.bus): Promise<void> {
    await this.conditions.settled();
    this.telemetry = recordingTelemetry();
    const { log } = this.telemetry;
    this.conditions = await TorrentConditions.open({ bus, clock: new VirtualClock(), log }, HOLDER);
  }

  get messages(): readonly string[] {
    return this.telemetry.recorded.logs.map(({ message }) => message);
  }

  async kept(): Promise<readonly string[]> {
    await this.conditions.settled();
    return await Array.fromAsync((await this.bus.keyValue(CONDITION_BUCKET)).keys());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bus.close();
  }
}

test("TorrentConditions tells each thing once, also after a restart", async () => {
  await using given = await GivenConditions.start();
  for (let time = 0; time < 3; time += 1) {
    given.conditions.wentStale(TORRENT, "/a", "/a/x");
    given.conditions.wentBad(TORRENT, "/b", 7);
  }
  deepEqual(given.messages, ["content changed", "piece bad"]);
  await given.restart();
  given.conditions.wentStale(TORRENT, "/a", "/a/x");
  given.conditions.wentBad(TORRENT, "/b", 7);
  deepEqual(given.messages, []);
  deepEqual(given.told, [["/b", 7, "bad"]]);
  equal(given.conditions.isBad(TORRENT.infoHash, "/b", 7), true);
  equal(given.conditions.isBad(TORRENT.infoHash, "/a", 7), false);
  deepEqual(given.conditions.badPieces(TORRENT.infoHash, "/b"), [7]);
  deepEqual([given.conditions.staleCount, given.conditions.badPieceCount], [1, 1]);
});

test("TorrentConditions keeps nothing of what is well again", async () => {
  await using given = await GivenConditions.start();
  const { conditions } = given;
  conditions.wentStale(TORRENT, "/a", "/a/x");
  conditions.wentBad(TORRENT, "/b", 7);
  equal((await given.kept()).length, 1);
  conditions.isFresh(TORRENT, "/a");
  conditions.repaired(TORRENT, "/b", 7);
  conditions.repaired(TORRENT, "/b", 8);
  deepEqual(await given.kept(), []);
  deepEqual(given.told.at(-1), ["/b", 7, "repaired"]);
  deepEqual([conditions.staleCount, conditions.badPieceCount], [0, 0]);
  // It may go wrong again, and that is told again.
  conditions.wentBad(TORRENT, "/b", 7);
  equal(given.messages.filter((message) => message === "piece bad").length, 2);
});

test("TorrentConditions forgets a location that is published anew, and no other", async () => {
  await using given = await GivenConditions.start();
  const { conditions } = given;
  for (const location of ["/a", "/b"]) {
    conditions.wentStale(TORRENT, location, location);
    conditions.wentBad(TORRENT, location, 1);
    conditions.wentUnreadable(TORRENT, location, new Error("no"));
  }
  conditions.forget(TORRENT.infoHash, "/a");
  deepEqual([conditions.staleCount, conditions.badPieceCount], [1, 1]);
  equal(conditions.isBad(TORRENT.infoHash, "/b", 1), true);
  deepEqual(conditions.unreadable, [{ location: "/b", reason: "no" }]);
  conditions.wentUnreadable(TORRENT, "/a", new Error("no"));
  conditions.wentUnreadable(TORRENT, "/b", new Error("no"));
  equal(given.messages.filter((message) => message === "source unreadable").length, 3);
  conditions.forget(TORRENT.infoHash, "/b");
  deepEqual(await given.kept(), []);
  conditions.isFresh(TORRENT, "/a");
  deepEqual(conditions.unreadable, []);
});

test("TorrentConditions forgets at its start what is not published from there", async () => {
  await using given = await GivenConditions.start(["/a"]);
  const other = { infoHash: hashOf(2), name: "retired" };
  given.conditions.wentBad(TORRENT, "/a", 1);
  given.conditions.wentBad(TORRENT, "/b", 2);
  given.conditions.wentStale(other, "/a", "/a");
  await given.restart();
  deepEqual([given.conditions.staleCount, given.conditions.badPieceCount], [0, 1]);
  deepEqual(await given.kept(), [`${HOLDER}.${TORRENT.infoHash}`]);
});

test("TorrentConditions notes so many bad pieces of a torrent, and no more", async () => {
  await using given = await GivenConditions.start();
  const found: number[] = [];
  given.conditions.whenBad((_, piece) => found.push(piece));
  for (let piece = 0; piece < BAD_PIECES_MAX + 10; piece += 1) {
    given.conditions.wentBad(TORRENT, piece % 2 === 0 ? "/a" : "/b", piece);
  }
  equal(given.conditions.badPieceCount, BAD_PIECES_MAX);
  // Whoever has their bytes is told of all of them.
  equal(found.length, BAD_PIECES_MAX + 10);
  await given.restart();
  equal(given.conditions.badPieceCount, BAD_PIECES_MAX);
});

test("TorrentConditions notes no more stale places than can be kept", async () => {
  const places = Array.from({ length: TORRENT_SOURCES_MAX }, (_, at) => `/${at}`);
  await using given = await GivenConditions.start(places);
  for (const place of ["/gone", ...places]) given.conditions.wentStale(TORRENT, place, place);
  await given.restart();
  equal(given.conditions.staleCount, 1);
});

test("TorrentConditions goes on where nothing can be kept, and says so", async () => {
  await using given = await GivenConditions.start();
  await given.restart(refusing(given.bus, CONDITION_BUCKET, ["put"]));
  given.conditions.wentBad(TORRENT, "/a", 1);
  await given.conditions.settled();
  deepEqual(given.messages, ["piece bad", "condition not kept"]);
  equal(given.conditions.isBad(TORRENT.infoHash, "/a", 1), true);
});

test("TorrentConditions does not stumble over what it cannot understand", async () => {
  await using given = await GivenConditions.start();
  const kept = await given.bus.keyValue(CONDITION_BUCKET);
  await kept.put(`${HOLDER}.${TORRENT.infoHash}`, Buffer.from("{"));
  await kept.put(`${HOLDER}.nothing`, Buffer.from("{}"));
  await kept.put(`store-2.${TORRENT.infoHash}`, Buffer.from('{"stale":[],"badPieces":[]}'));
  await given.restart();
  deepEqual([given.conditions.staleCount, given.conditions.badPieceCount], [0, 0]);
});

test("what is wrong is known after a restart, and gone once it is published anew", async () => {
  await using given = await GivenStore.start({ "a/x": Buffer.alloc(40_000, "x") });
  const options = { version: "v1", pieceLengthBytes: 16_384 } as const;
  const { infoHash } = (await given.publish("a", options)).entry;
  flipBit(given.directory.at("a/x"), 20_000);
  await given.read({ infoHash, piece: 1, verify: true }).catch(() => {});
  await given.restart();
  const gauge = (): number | null =>
    given.telemetry.recorded.gauge("seedfleet_piece_store_bad_pieces");
  equal(gauge(), 1);
  ok(torrentCondition.safeParse(await conditionOf(given, infoHash)).success);
  // Put right by hand, which changes its time; so it is hashed anew, and is the same torrent.
  given.directory.write("a/x", Buffer.alloc(40_000, "x"));
  equal((await given.publish("a", options)).entry.infoHash, infoHash);
  equal(gauge(), 0);
  await given.store[Symbol.asyncDispose]();
  equal(await conditionOf(given, infoHash), null);
});
