import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { parseInfoHash } from "@seedfleet/bytes";
import {
  ANNOUNCED_SEED_BUCKET,
  ANNOUNCED_SEEDS_MAX,
  type AnnouncedSeed,
} from "@seedfleet/contracts";
import { errorCode } from "@seedfleet/runtime";
import { openAnnouncedSeeds, seedOf } from "./announced-seeds.ts";
import { GivenBus } from "./testing.ts";

function givenSeed(number: number, differing: Partial<AnnouncedSeed> = {}): AnnouncedSeed {
  const infoHash = parseInfoHash(number.toString(16).padStart(40, "0"));
  ok(infoHash !== null);
  return {
    ...{ infoHash, infoHashV2: null, name: "debian", trackers: [["udp://a/"]] },
    ...{ gateways: 2, dht: false, sinceMs: 1_000, ...differing },
  };
}

const { infoHash } = givenSeed(1);
const TORRENT = { infoHash, infoHashV2: null, name: "debian", private: false } as const;
const MIRROR: Parameters<typeof seedOf>[0] = {
  ...{ purpose: "mirror", announce: undefined, gateways: 2, dht: false },
  trackers: [["udp://a/"]],
};

const cases = [
  { given: "trackers", then: givenSeed(1) },
  { given: "a word for it", mirror: { announce: true }, then: givenSeed(1) },
  { given: "a word against it", mirror: { announce: false }, then: null },
  { given: "no tracker", mirror: { trackers: [] }, then: null },
  {
    given: "the DHT alone",
    mirror: { trackers: [], dht: true },
    then: givenSeed(1, { trackers: [], dht: true }),
  },
  {
    given: "the DHT, and a private torrent",
    mirror: { trackers: [], dht: true },
    torrent: { private: true },
    then: null,
  },
  {
    given: "the DHT and trackers, and a private torrent",
    mirror: { dht: true },
    torrent: { private: true },
    then: givenSeed(1),
  },
  { given: "what was restored", mirror: { purpose: "restore" }, then: null },
] as const;

for (const { given, then, ...how } of cases) {
  test(`seedOf() given ${given}`, () => {
    const mirror = { ...MIRROR, ...("mirror" in how ? how.mirror : {}) };
    const torrent = { ...TORRENT, ...("torrent" in how ? how.torrent : {}) };
    deepEqual(seedOf(mirror, torrent, 1_000), then);
  });
}

test("an announced seed that is added again takes on what is new", async () => {
  await using given = new GivenBus();
  const seeds = await openAnnouncedSeeds(given.bus, given.telemetry.log);
  equal((await seeds.add(givenSeed(1))).outcome, "added");
  equal((await seeds.add(givenSeed(1, { sinceMs: 2_000 }))).outcome, "known");
  const more = givenSeed(1, { trackers: [["udp://b/"], ["udp://a/"]], dht: true, sinceMs: 9 });
  const { record, outcome } = await seeds.add(more);
  deepEqual(
    [outcome, record],
    ["merged", givenSeed(1, { trackers: [["udp://a/"], ["udp://b/"]], dht: true })],
  );
});

test("not more seeds are announced than may be", async () => {
  await using given = new GivenBus();
  const records = await given.bus.keyValue(ANNOUNCED_SEED_BUCKET);
  for (let number = 1; number <= ANNOUNCED_SEEDS_MAX; number += 1) {
    const each = givenSeed(number);
    await records.put(each.infoHash, Buffer.from(JSON.stringify(each)));
  }
  const seeds = await openAnnouncedSeeds(given.bus, given.telemetry.log);
  await rejects(
    seeds.add(givenSeed(ANNOUNCED_SEEDS_MAX + 1)),
    (error) => errorCode(error) === "announced-seeds-full",
  );
  await records.put(givenSeed(0).infoHash, Buffer.from(JSON.stringify(givenSeed(0))));
  const watch = await seeds.watch(() => {});
  equal(watch.now.size, ANNOUNCED_SEEDS_MAX);
  ok(watch.now.has(givenSeed(0).infoHash));
  watch.stop();
});
