import { deepEqual, equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import type { InfoHash } from "@seedfleet/bytes";
import { type Catalog, openCatalog } from "@seedfleet/fleet";
import { type RecordingTelemetry, recordingTelemetry, silentTelemetry } from "@seedfleet/telemetry";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { type GivenTorrent, givenTorrent } from "../testing-torrent.ts";
import type { Torrent } from "./torrent.ts";
import { type FoundTorrent, IDLE_TORRENTS_MAX, TORRENT_FRESH_MS, Torrents } from "./torrents.ts";

const ONE = givenTorrent("one");
const OTHER = givenTorrent("other");

test("Torrents.find() given many peers at once looks a torrent up once", async () => {
  await using given = await GivenTorrents.open();
  await given.catalog.publish(ONE.entry, ONE.bytes);
  const found = await Promise.all([1, 2, 3].map(() => given.find(ONE)));
  equal(given.lookUps, 1);
  equal(new Set(found.map((each) => torrentOf(each))).size, 1);
  equal(torrentOf(found[0]), given.torrents.current(ONE.metainfo.infoHash));
});

test("Torrents.find() given a torrent nobody published refuses it, each time anew", async () => {
  await using given = await GivenTorrents.open();
  const refusal = { kind: "refused", reason: "torrent-unknown" };
  deepEqual(await given.find(ONE), refusal);
  equal(given.torrents.current(ONE.metainfo.infoHash), null);
  await given.catalog.publish(ONE.entry, ONE.bytes);
  equal((await given.find(ONE)).kind, "torrent");
});

const unusable = [
  { given: "the metainfo of another torrent", bytes: OTHER.bytes },
  { given: "no metainfo", bytes: Buffer.of() },
  { given: "metainfo cut short", bytes: ONE.bytes.subarray(0, 90) },
] as const;

for (const { given: situation, bytes } of unusable) {
  test(`Torrents.find() given ${situation} refuses the torrent, and logs it`, async () => {
    await using given = await GivenTorrents.open();
    await given.catalog.publish(ONE.entry, bytes);
    const found = await given.find(ONE);
    deepEqual(found, { kind: "refused", reason: "torrent-unreadable" });
    deepEqual(given.logged(), ["metainfo unusable"]);
  });
}

test("Torrents.find() given a bus that is away answers what is known, nothing else", async () => {
  await using given = await GivenTorrents.open();
  await given.catalog.publish(ONE.entry, ONE.bytes);
  const before = torrentOf(await given.find(ONE));
  given.fail = true;
  given.clock.advance(TORRENT_FRESH_MS + 1);
  equal(torrentOf(await given.find(ONE)), before);
  await turn();
  deepEqual(given.logged(), ["catalog unreachable"]);
  equal(torrentOf(await given.find(ONE)), before);
  const refusal = { kind: "refused", reason: "torrent-unreadable" };
  deepEqual(await given.find(OTHER), refusal);
  equal(given.dropped.length, 0);
});

test("Torrents.find() given a known torrent asks again only after a minute", async () => {
  await using given = await GivenTorrents.open();
  await given.catalog.publish(ONE.entry, ONE.bytes);
  await given.find(ONE);
  given.clock.advance(TORRENT_FRESH_MS);
  await given.find(ONE);
  equal(given.lookUps, 1);
  given.clock.advance(1);
  await given.find(ONE);
  equal(given.lookUps, 2);
});

test("Torrents given a torrent that was removed forgets it, and drops its pieces", async () => {
  await using given = await GivenTorrents.open();
  await given.catalog.publish(ONE.entry, ONE.bytes);
  const before = torrentOf(await given.find(ONE));
  await given.catalog.remove(ONE.metainfo.infoHash);
  await given.refreshed();
  equal(given.torrents.current(ONE.metainfo.infoHash), null);
  deepEqual(given.dropped, [before]);
});

test("Torrents given one that became incomplete has what is there, until more is", async () => {
  await using given = await GivenTorrents.open();
  await given.catalog.publish(ONE.entry, ONE.bytes);
  const torrent = torrentOf(await given.find(ONE));
  equal(torrent.have.isFull, true);
  given.there = Bitfield.full(ONE.metainfo.pieceCount);
  given.there.remove(1);
  await given.catalog.publish({ ...ONE.entry, incomplete: true }, ONE.bytes);
  await given.refreshed();
  deepEqual(given.lost, [1]);
  equal(torrent.have.has(1), false);
  equal(torrentOf(await given.find(ONE)), torrent);
  given.torrents.verified(torrent.infoHash, 1);
  equal(torrent.have.isFull, true);
  deepEqual(given.dropped, []);
});

const MOVED = ONE.entry.sources.map((source) => ({ ...source, location: "/elsewhere" }));

const republished = [
  { given: "other sources", change: { sources: MOVED }, gone: [], same: true },
  {
    given: "other sources, and a piece was gone",
    change: { sources: MOVED },
    gone: [1],
    same: false,
  },
  { given: "nothing but its time", change: { addedAtMs: 5 }, gone: [], same: true },
  { given: "its time, and a piece was gone", change: { addedAtMs: 5 }, gone: [1], same: false },
  { given: "nothing, and a piece was gone", change: {}, gone: [1], same: true },
] as const;

for (const { given: situation, change, gone, same } of republished) {
  const then = same ? "keeps the torrent" : "replaces the torrent";
  test(`Torrents given one published anew with ${situation} ${then}`, async () => {
    await using given = await GivenTorrents.open();
    await given.catalog.publish(ONE.entry, ONE.bytes);
    const before = torrentOf(await given.find(ONE));
    for (const piece of gone) before.have.remove(piece);
    await given.catalog.publish({ ...ONE.entry, ...change }, ONE.bytes);
    await given.refreshed();
    const after = torrentOf(await given.find(ONE));
    if (same) equal(after, before);
    else notEqual(after, before);
    deepEqual(given.dropped, same ? [] : [before]);
    equal(after.have.count, same ? before.have.count : ONE.metainfo.pieceCount);
    deepEqual(after.entry.sources, "sources" in change ? change.sources : ONE.entry.sources);
  });
}

test("Torrents given more idle ones than it keeps drops the one used longest ago", async () => {
  await using given = await GivenTorrents.open();
  const count = IDLE_TORRENTS_MAX + 3;
  const many = Array.from({ length: count }, (_, index) =>
    givenTorrent(`many-${index}`, { sizeBytes: 1 }),
  );
  const [first = ONE, second = ONE, third = ONE, fourth = ONE] = many;
  for (const { entry, bytes } of many) await given.catalog.publish(entry, bytes);
  given.inUse.add(second.metainfo.infoHash);
  for (const each of many.slice(0, IDLE_TORRENTS_MAX)) await given.find(each);
  // The first is used again, and the second is held by a peer, so the third and fourth go.
  await given.find(first);
  for (const each of many.slice(IDLE_TORRENTS_MAX, -1)) await given.find(each);
  deepEqual(
    given.dropped.map(({ infoHash }) => infoHash),
    [third, fourth].map(({ metainfo }) => metainfo.infoHash),
  );
});

test("Torrents given more in use than it keeps idle keeps the one just asked for", async () => {
  await using given = await GivenTorrents.open();
  const many = Array.from({ length: IDLE_TORRENTS_MAX + 2 }, (_, index) =>
    givenTorrent(`many-${index}`, { sizeBytes: 1 }),
  );
  for (const each of many) {
    await given.catalog.publish(each.entry, each.bytes);
    const found = torrentOf(await given.find(each));
    equal(given.torrents.current(each.metainfo.infoHash), found);
    given.inUse.add(each.metainfo.infoHash);
  }
  deepEqual(given.dropped, []);
});

/** Torrents over a catalog that a test can let fail. */
class GivenTorrents implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly telemetry: RecordingTelemetry = recordingTelemetry();
  readonly dropped: Torrent[] = [];
  readonly inUse = new Set<string>();
  readonly lost: number[] = [];
  /** What a store says that it has. */
  there: Bitfield | null = null;
  readonly torrents: Torrents;
  readonly catalog: Catalog;
  /** How often an entry was asked for. */
  lookUps = 0;
  fail = false;
  readonly #bus: Bus;

  private constructor(bus: Bus, catalog: Catalog) {
    this.#bus = bus;
    this.catalog = catalog;
    const lookUp = <Found>(find: (infoHash: InfoHash) => Promise<Found>) => {
      return (infoHash: InfoHash): Promise<Found> => {
        this.lookUps += 1;
        return this.fail ? Promise.reject(new Error("the bus is away")) : find(infoHash);
      };
    };
    const { findByAny, findWhole } = catalog;
    this.torrents = new Torrents({
      catalog: { ...catalog, findByAny: lookUp(findByAny), findWhole: lookUp(findWhole) },
      clock: this.clock,
      log: this.telemetry.log,
      dropped: (torrent) => this.dropped.push(torrent),
      changed: () => {},
      inUse: (infoHash) => this.inUse.has(infoHash),
      readHave: () => Promise.resolve(this.there),
      got: () => {},
      lost: (_, piece) => this.lost.push(piece),
    });
  }

  static async open(): Promise<GivenTorrents> {
    const ports = { clock: new VirtualClock(), telemetry: silentTelemetry };
    const bus = createBus(openEmbeddedBus({ file: null }), ports);
    return new GivenTorrents(bus, await openCatalog(bus, silentTelemetry.log));
  }

  find({ metainfo }: GivenTorrent): Promise<FoundTorrent> {
    return this.torrents.find(metainfo.infoHash);
  }

  logged(): string[] {
    return this.telemetry.recorded.logs.map(({ message }) => message);
  }

  /** `ONE` is looked up again behind an answer, and that is done. */
  async refreshed(): Promise<void> {
    const before = this.lookUps;
    this.clock.advance(TORRENT_FRESH_MS + 1);
    await this.find(ONE);
    await turn();
    equal(this.lookUps, before + 1);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#bus.close();
  }
}

function torrentOf(found: FoundTorrent | undefined): Torrent {
  if (found?.kind !== "torrent") throw new Error(`refused: ${found?.reason}`);
  return found.torrent;
}
