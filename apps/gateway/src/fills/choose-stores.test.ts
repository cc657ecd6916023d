import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { CatalogSource, Presence } from "@seedfleet/contracts";
import { givenTorrent } from "../testing-torrent.ts";
import { chooseStores, PIECES_PER_STORE_RUN } from "./choose-stores.ts";

const { infoHash } = givenTorrent("one").metainfo;
const LOCAL = givenSource("store-1", "/a", false);
const BUCKET = givenSource("store-1", "s3://bucket/a/b", true);
const STORES = [givenStore("store-1"), givenStore("store-2"), givenStore("store-3")];

const cases = [
  { given: "a directory", sources: [LOCAL], stores: STORES, then: ["store-1"] },
  { given: "a directory whose holder is away", sources: [LOCAL], stores: [], then: ["store-1"] },
  {
    given: "two directories",
    sources: [givenSource("store-2", "/b", false), LOCAL],
    stores: STORES,
    then: ["store-2", "store-1"],
  },
  {
    given: "a bucket that one store may read",
    sources: [BUCKET],
    stores: [givenStore("store-1", []), givenStore("store-2"), givenStore("store-3", ["s3://b"])],
    then: ["store-2"],
  },
  { given: "a bucket that nobody says to read", sources: [BUCKET], stores: [], then: ["store-1"] },
  {
    given: "a directory and a bucket of the same holder",
    sources: [LOCAL, BUCKET],
    stores: [givenStore("store-1")],
    then: ["store-1"],
  },
] as const;

for (const { given, sources, stores, then } of cases) {
  test(`chooseStores() given ${given}`, () => {
    deepEqual(chooseStores({ infoHash, sources }, 0, stores), then);
  });
}

test("chooseStores() spreads the pieces of a bucket over the stores, neighbours to one", () => {
  const chosen = Array.from({ length: 100 * PIECES_PER_STORE_RUN }, (_, piece) => {
    const [store = ""] = chooseStores({ infoHash, sources: [BUCKET] }, piece, STORES);
    return store;
  });
  for (const [piece, store] of chosen.entries()) {
    equal(store, chosen[piece - (piece % PIECES_PER_STORE_RUN)]);
  }
  for (const { id } of STORES) {
    const share = chosen.filter((store) => store === id).length / chosen.length;
    ok(share > 0.2 && share < 0.5, `${id} has ${share}`);
  }
});

function givenSource(holder: string, location: string, shared: boolean): CatalogSource {
  return { holder, shared, location, fingerprint: "0".repeat(64) };
}

function givenStore(id: string, urls: readonly string[] = ["s3://bucket/a/"]): Presence {
  return {
    ...{ role: "piece-store", id, version: "0.1.0", startedAtMs: 0, draining: false },
    ...{ load: 0, peerAddress: null, urls, gateway: null },
  };
}
