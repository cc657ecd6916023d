import { deepEqual, equal, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { GivenOrigin, type OriginRequest } from "@seedfleet/content-http/testing";
import type { ScrubState } from "@seedfleet/contracts";
import { type GivenConfig, GivenStore } from "../testing.ts";
import { ScrubClock, ScrubStatesSeen } from "./testing.ts";

const FILE_BYTES = 40_000;
const NAMES = Array.from({ length: 12 }, (_, index) => `t${index}`);
const CONFIG: GivenConfig = { scrubBytesPerSecond: 1024 ** 3, scrubRemote: true };

test("buckets and origins are checked only where that is wanted", async () => {
  await using fleet = await givenFleet({ ...CONFIG, scrubRemote: false });
  const { clock, origin, stores } = fleet;
  const [first] = stores;
  for (const name of NAMES) await first.publish(origin.at(name));
  const { entry } = await first.publish("local");
  const asked = origin.requests.items.length;
  await clock.begin();
  equal((await clock.runUntil(fleet.ended(first))).checkedBytes, entry.sizeBytes);
  equal(origin.requests.items.length, asked);
});

test("what several stores read is checked by one of them", async () => {
  await using fleet = await givenFleet();
  const { clock, origin, stores } = fleet;
  const [first, second] = stores;
  // One that both have published has the location twice.
  for (const name of NAMES) await first.publish(origin.at(name));
  for (const name of NAMES.slice(0, 4)) await second.publish(origin.at(name));
  const { entry } = await first.publish("local");
  const asked = origin.requests.items.length;
  await clock.begin();
  const ended = await clock.runUntil(Promise.all(stores.map((store) => fleet.ended(store))));
  const all = NAMES.length * FILE_BYTES + entry.sizeBytes;
  equal(sumOf(ended), all);
  for (const { checkedBytes } of ended) ok(checkedBytes > 0 && checkedBytes < all);
  const targets = origin.requests.items.slice(asked).filter(({ method }) => method === "GET");
  deepEqual(new Set(targets.map(({ target }) => target)).size, NAMES.length);
});

test("what a store checked that is gone is checked by another", async () => {
  await using fleet = await givenFleet();
  const { clock, origin, stores } = fleet;
  const [first, second] = stores;
  for (const name of NAMES) await first.publish(origin.at(name));
  await first.store.drain();
  await clock.begin();
  const { checkedBytes } = await clock.runUntil(fleet.ended(second));
  equal(checkedBytes, NAMES.length * FILE_BYTES);
});

test("a scrub that an origin keeps waiting ends at once when it is stopped", async () => {
  await using fleet = await givenFleet();
  const { clock, origin, stores } = fleet;
  const [first, second] = stores;
  await second.store.drain();
  await first.publish(origin.at("t0"));
  origin.plan("t0", { kind: "stalled", afterBytes: 100 });
  // The first byte alone is asked for when it is listed.
  const isRead = ({ headers }: OriginRequest): boolean => headers.range !== "bytes=0-0";
  const asked = origin.requests.items.length;
  await clock.begin();
  await clock.runUntil(origin.requests.until((items) => items.slice(asked).some(isRead)));
  await first.store.drain();
});

test("an origin that fails is tried a few times, and the round goes on", async () => {
  await using fleet = await givenFleet();
  const { clock, origin, stores } = fleet;
  const [first, second] = stores;
  await second.store.drain();
  for (const name of NAMES) await first.publish(origin.at(name));
  // Of a kind that is not tried again.
  origin.plan("t3", { kind: "status", status: 403 });
  await clock.begin();
  const { checkedBytes, badPieces } = await clock.runUntil(fleet.ended(first));
  deepEqual([checkedBytes, badPieces], [(NAMES.length - 1) * FILE_BYTES, 0]);
});

function sumOf(states: readonly ScrubState[]): number {
  return states.reduce((sum, { checkedBytes }) => sum + checkedBytes, 0);
}

/** Two stores that read one origin. */
async function givenFleet(differing: GivenConfig = CONFIG) {
  const files = Object.fromEntries(NAMES.map((name) => [name, randomBytes(FILE_BYTES)]));
  const origin = await GivenOrigin.start(files);
  const clock = new ScrubClock();
  const config = { ...differing, origins: [origin.at()] };
  const local = { local: randomBytes(1_000) };
  const first = await GivenStore.start(local, config, { clock });
  const { bus } = first;
  const second = await GivenStore.start({}, { ...config, id: "store-2" }, { clock, bus });
  const states = new Map([
    [first, await ScrubStatesSeen.watch(bus, first.id)],
    [second, await ScrubStatesSeen.watch(bus, second.id)],
  ]);
  return {
    ...{ clock, origin, stores: [first, second] as const },
    async ended(store: GivenStore): Promise<ScrubState> {
      const ended = await states.get(store)?.ended();
      if (ended === undefined) throw new Error("it is not watched");
      return ended;
    },
    async [Symbol.asyncDispose]() {
      await second[Symbol.asyncDispose]();
      await first[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}
