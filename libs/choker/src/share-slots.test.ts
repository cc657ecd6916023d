import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type SlotCredits, shareSlots, type TorrentDemand } from "./share-slots.ts";

function givenDemand(infoHash: string, differing: Partial<TorrentDemand> = {}): TorrentDemand {
  return { infoHash, weight: 1, leechers: 10, seeders: 0, wanting: 10, ...differing };
}

test("shareSlots() favours the torrent that is badly seeded", () => {
  const torrents = [givenDemand("seeded", { seeders: 3 }), givenDemand("rare")];
  deepEqual([...shareSlots(new Map(), 10, torrents).slots.values()], [2, 8]);
});

test("shareSlots() gives what one torrent does not want to the others", () => {
  const torrents = [givenDemand("small", { weight: 9, wanting: 1 }), givenDemand("large")];
  deepEqual([...shareSlots(new Map(), 10, torrents).slots.values()], [1, 9]);
});

test("shareSlots() gives each its share over time, with fewer slots than torrents", () => {
  const torrents = Array.from({ length: 10 }, (_, at) => {
    return givenDemand(`torrent-${at}`, { leechers: at === 0 ? 110 : 10 });
  });
  const had = torrents.map(() => 0);
  let credits: SlotCredits = new Map();
  for (let round = 0; round < 200; round += 1) {
    const shared = shareSlots(credits, 2, torrents);
    credits = shared.credits;
    for (const [at, slots] of [...shared.slots.values()].entries()) {
      had[at] = (had[at] ?? 0) + slots;
    }
  }
  ok(Math.abs((had[0] ?? 0) - 220) <= 4, `${had[0]} of 220`);
  for (const slots of had.slice(1)) ok(Math.abs(slots - 20) <= 4, `${slots} of 20`);
});

const anyDemand = fc.record({
  weight: fc.nat(3),
  leechers: fc.nat(20),
  seeders: fc.nat(5),
  wanting: fc.nat(20),
});

test("shareSlots() gives out every slot that is wanted, and none besides", () => {
  fc.assert(
    fc.property(fc.array(anyDemand, { maxLength: 8 }), fc.nat(40), (all, slots) => {
      const torrents = all.map((each, at) => givenDemand(String(at), each));
      let credits: SlotCredits = new Map();
      for (let round = 0; round < 5; round += 1) {
        const shared = shareSlots(credits, slots, torrents);
        credits = shared.credits;
        const wanted = torrents.filter((each) => each.weight * each.leechers > 0);
        const wanting = wanted.reduce((sum, each) => sum + each.wanting, 0);
        const given = [...shared.slots.values()].reduce((sum, each) => sum + each, 0);
        equal(given, Math.min(slots, wanting));
        for (const { infoHash, wanting: most } of torrents) {
          ok((shared.slots.get(infoHash) ?? 0) <= most);
        }
      }
    }),
  );
});
