import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { ScarceSlots, type ScarceTorrent } from "./scarce-slots.ts";

const FULL = { usedBytesPerSecond: 98, limitBytesPerSecond: 100 };
const ROOMY = { usedBytesPerSecond: 50, limitBytesPerSecond: 100 };

function givenTorrent(infoHash: string, differing: Partial<ScarceTorrent> = {}): ScarceTorrent {
  const size = { weight: 1, leechers: 10, seeders: 0, wanting: 10, holding: 4 };
  return { infoHash, ...size, ...differing };
}

/** The slots of each torrent, on average over as many rounds as make a share whole. */
function shared(...torrents: readonly ScarceTorrent[]): readonly number[] {
  const slots = new ScarceSlots();
  const sums = torrents.map(() => 0);
  for (let round = 0; round < 100; round += 1) {
    slots.round(FULL, torrents);
    for (const [at, { infoHash }] of torrents.entries()) {
      sums[at] = (sums[at] ?? 0) + (slots.slotsOf(infoHash) ?? Number.NaN);
    }
  }
  return sums.map((sum) => sum / 100);
}

function near(actual: readonly number[], expected: readonly number[]): void {
  for (const [at, slots] of expected.entries()) {
    ok(Math.abs((actual[at] ?? 0) - slots) < 0.1, `${actual} and not ${expected}`);
  }
}

test("slots are not scarce while the uplink is not full, or has no limit", () => {
  const slots = new ScarceSlots();
  for (const use of [ROOMY, null, ROOMY]) {
    slots.round(use, [givenTorrent("one")]);
    equal(slots.slotsOf("one"), null);
  }
});

test("slots are not scarce while nobody waits for one", () => {
  const slots = new ScarceSlots();
  slots.round(FULL, [givenTorrent("one", { holding: 10 })]);
  equal(slots.slotsOf("one"), null);
});

test("a full uplink's slots go to torrents by leechers per seed and weight", () => {
  near(shared(givenTorrent("one"), givenTorrent("two")), [4, 4]);
  near(shared(givenTorrent("rare"), givenTorrent("seeded", { seeders: 3 })), [6.4, 1.6]);
  near(shared(givenTorrent("heavy", { weight: 3 }), givenTorrent("light")), [6, 2]);
  near(shared(givenTorrent("crowded", { leechers: 70 }), givenTorrent("small")), [7, 1]);
});

test("a torrent has no more slots than it has leechers that want one", () => {
  const few = givenTorrent("few", { wanting: 1, holding: 1, leechers: 100 });
  near(shared(few, givenTorrent("many")), [1, 4]);
});

test("a torrent that holds no slot yet has its share, and one that came since its own rule", () => {
  const slots = new ScarceSlots();
  slots.round(FULL, [givenTorrent("one"), givenTorrent("two", { holding: 0 })]);
  deepEqual([slots.slotsOf("one"), slots.slotsOf("two")], [2, 2]);
  equal(slots.slotsOf("three"), null);
});

test("slots are added while the uplink is not full, and stay scarce for half a minute", () => {
  const slots = new ScarceSlots();
  const torrents = [givenTorrent("one", { wanting: 50 }), givenTorrent("two", { wanting: 50 })];
  const sum = (): number => (slots.slotsOf("one") ?? 0) + (slots.slotsOf("two") ?? 0);
  slots.round(FULL, torrents);
  equal(sum(), 8);
  slots.round(ROOMY, torrents);
  equal(sum(), 10);
  slots.round(ROOMY, torrents);
  equal(sum(), 13);
  slots.round(ROOMY, torrents);
  equal(slots.slotsOf("one"), null);
});
