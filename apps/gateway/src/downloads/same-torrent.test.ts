import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { truncatedInfoHash } from "@seedfleet/bytes";
import type { Mirror } from "@seedfleet/contracts";
import {
  type AnnouncedSeeds,
  type Catalog,
  type Mirrors,
  openAnnouncedSeeds,
  openCatalog,
  openMirrors,
} from "@seedfleet/fleet";
import { silentTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { givenTorrent } from "../testing-torrent.ts";
import { mergeIntoOne, tellNames, wasMerged } from "./same-torrent.ts";

const HYBRID = givenTorrent("hybrid", { version: "hybrid" });
const { infoHash, infoHashV2 } = HYBRID.metainfo;
ok(infoHashV2 !== null);
const BY_V2 = givenMirror({ infoHash: truncatedInfoHash(infoHashV2), infoHashV2 });

test("a mirror by a hybrid's v2 hash goes on as the one by its v1 hash", async () => {
  await using given = await GivenRecords.open();
  const { mirrors } = given;
  await mirrors.add(givenMirror({ trackers: [["udp://a/"]], holder: "store-2" }));
  const mirror = { ...BY_V2, trackers: [["udp://b/"]], dht: true };
  await mirrors.add(mirror);
  await mergeIntoOne(given, mirror, HYBRID.metainfo);
  const [only, ...others] = await mirrors.list();
  deepEqual(others, []);
  deepEqual([only?.infoHash, only?.infoHashV2, only?.holder], [infoHash, infoHashV2, "store-2"]);
  deepEqual([only?.trackers, only?.dht], [[["udp://a/"], ["udp://b/"]], true]);
});

test("a mirror by a hybrid's v2 hash goes on by v1 where nobody asked for that", async () => {
  await using given = await GivenRecords.open();
  const mirror = { ...BY_V2, trackers: [["udp://b/"]], dht: true };
  await given.mirrors.add(mirror);
  equal(await wasMerged(given, mirror, HYBRID.bytes), true);
  deepEqual(await given.mirrors.list(), [{ ...mirror, infoHash }]);
  equal(await wasMerged(given, { ...mirror, infoHash }, HYBRID.bytes), false);
  equal(await wasMerged(given, mirror, Buffer.from("no metainfo")), false);
});

test("of a hybrid that the fleet has whole nothing is downloaded by its other hash", async () => {
  await using given = await GivenRecords.open();
  await given.catalog.publish(HYBRID.entry, HYBRID.bytes);
  const mirror = { ...BY_V2, trackers: [["udp://b/"]] };
  await given.mirrors.add(mirror);
  await mergeIntoOne(given, mirror, HYBRID.metainfo);
  deepEqual(await given.mirrors.list(), []);
  const [seed] = await given.announced.list();
  deepEqual([seed?.infoHash, seed?.infoHashV2], [infoHash, infoHashV2]);
  deepEqual(seed?.trackers, [["udp://b/"]]);
});

test("a mirror that was cancelled meanwhile does not come back by another hash", async () => {
  await using given = await GivenRecords.open();
  await mergeIntoOne(given, BY_V2, HYBRID.metainfo);
  await tellNames(given, givenMirror(), HYBRID.metainfo);
  deepEqual(await given.mirrors.list(), []);
  await given.mirrors.add(givenMirror());
  await tellNames(given, givenMirror(), HYBRID.metainfo);
  equal((await given.mirrors.get(infoHash))?.infoHashV2, infoHashV2);
  deepEqual(await given.mirrors.findByAny(BY_V2.infoHash), await given.mirrors.get(infoHash));
});

function givenMirror(differing: Partial<Mirror> = {}): Mirror {
  return {
    ...{ infoHash, infoHashV2: null, name: null, trackers: [], webSeeds: [], peers: [] },
    ...{ holder: "store-1", purpose: "mirror", gateways: 1, dht: false, addedAtMs: 0 },
    ...differing,
  };
}

/** What is on a bus of mirrors, seeds and torrents. */
class GivenRecords implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly log = silentTelemetry.log;
  readonly #bus: Bus;
  readonly catalog: Catalog;
  readonly mirrors: Mirrors;
  readonly announced: AnnouncedSeeds;

  private constructor(bus: Bus, opened: readonly [Catalog, Mirrors, AnnouncedSeeds]) {
    this.#bus = bus;
    [this.catalog, this.mirrors, this.announced] = opened;
  }

  static async open(): Promise<GivenRecords> {
    const ports = { clock: new VirtualClock(), telemetry: silentTelemetry };
    const bus = createBus(openEmbeddedBus({ file: null }), ports);
    const { log } = silentTelemetry;
    return new GivenRecords(bus, [
      await openCatalog(bus, log),
      await openMirrors(bus, log),
      await openAnnouncedSeeds(bus, log),
    ]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#bus.close();
  }
}
