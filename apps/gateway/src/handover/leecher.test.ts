import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { type InfoHash, infoHashFromBytes } from "@seedfleet/bytes";
import fc from "fast-check";
import { groupLeechers, type Leecher, leecherKey, leechersOf } from "./leecher.ts";

function hash(number: number): InfoHash {
  return infoHashFromBytes(new Uint8Array(20).fill(number));
}

const leecher = fc
  .record({
    torrent: fc.integer({ min: 0, max: 3 }),
    isAlias: fc.boolean(),
    port: fc.integer({ min: 1, max: 65_535 }),
  })
  .map(({ torrent, isAlias, port }): Leecher => {
    const address = { host: "192.0.2.1", port };
    return { infoHash: hash(torrent), askedAs: hash(isAlias ? torrent + 100 : torrent), address };
  });

test("groupLeechers() keeps each leecher as it is, in messages of so many", () => {
  fc.assert(
    fc.property(fc.array(leecher), fc.integer({ min: 1, max: 5 }), (leechers, addressesMax) => {
      const messages = groupLeechers(leechers, addressesMax);
      const told = (each: Leecher): string => `${leecherKey(each)} ${each.askedAs}`;
      const again = messages.flatMap(leechersOf);
      deepEqual(again.map(told).toSorted(), leechers.map(told).toSorted());
      ok(messages.every(({ addresses }) => addresses.length > 0));
      ok(messages.every(({ addresses }) => addresses.length <= addressesMax));
    }),
  );
});
