import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import type { Leecher } from "./leecher.ts";
import { type Heir, splitLeechers } from "./split-leechers.ts";

const infoHash = infoHashFromBytes(new Uint8Array(20));

const LEECHERS: readonly Leecher[] = Array.from({ length: 300 }, (_, index) => ({
  ...{ infoHash, askedAs: infoHash },
  address: { host: "192.0.2.1", port: index + 1 },
}));

const ANYWHERE = { zone: null, zonesOf: () => undefined };

function heir(id: string, more: Partial<Heir> = {}): Heir {
  return { id, load: 0, ...more };
}

test("splitLeechers() gives each leecher to one gateway, and to each as many", () => {
  const { handed, left } = splitLeechers(
    LEECHERS,
    ["a", "b", "c"].map((id) => heir(id)),
    ANYWHERE,
  );
  deepEqual(left, []);
  deepEqual(new Set([...handed.values()].flat()), new Set(LEECHERS));
  equal([...handed.values()].flat().length, LEECHERS.length);
  equal(handed.size, 3);
  for (const its of handed.values()) ok(its.length > 60, `${its.length}`);
});

const cases: readonly {
  readonly situation: string;
  readonly heirs: readonly Heir[];
  readonly zone?: string;
  readonly zones?: readonly string[];
  readonly to: string | null;
}[] = [
  { situation: "nobody", heirs: [], to: null },
  { situation: "a full gateway", heirs: [heir("a", { load: 1 })], to: null },
  { situation: "a full one and another", heirs: [heir("a", { load: 1.2 }), heir("b")], to: "b" },
  {
    situation: "one of its zone",
    heirs: [heir("a", { zone: "east" }), heir("b", { zone: "west" }), heir("c")],
    ...{ zone: "west", to: "b" },
  },
  {
    situation: "none of its zone",
    heirs: [heir("a", { zone: "east" })],
    ...{ zone: "west", to: "a" },
  },
  {
    situation: "a torrent that is kept to a zone",
    heirs: [heir("a", { zone: "east" }), heir("b", { zone: "west" }), heir("c")],
    ...{ zone: "north", zones: ["west", "north"], to: "b" },
  },
  {
    situation: "a torrent that is kept to a zone without a gateway",
    heirs: [heir("a", { zone: "east" }), heir("c")],
    ...{ zone: "west", zones: ["west"], to: null },
  },
];

for (const { situation, heirs, zone = null, zones, to } of cases) {
  test(`splitLeechers() given ${situation}`, () => {
    const { handed, left } = splitLeechers(LEECHERS, heirs, { zone, zonesOf: () => zones });
    deepEqual([...handed.keys()], to === null ? [] : [to]);
    equal(left.length, to === null ? LEECHERS.length : 0);
  });
}
