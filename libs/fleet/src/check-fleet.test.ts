import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { parseInfoHash } from "@seedfleet/bytes";
import {
  CATALOG_BUCKET,
  type CheckedProcess,
  type Presence,
  presenceEvent,
} from "@seedfleet/contracts";
import { advanceUntil } from "@seedfleet/testkit";
import { announcePresence, type Examine, type PresenceAnnouncer } from "./announce-presence.ts";
import { anyTorrent, checkFleet } from "./check-fleet.ts";
import { GivenBus, givenPresence } from "./testing.ts";

/** With processes on it that say that they are there. */
class GivenFleet extends GivenBus {
  announce(id: string, differing: Partial<Presence>, examine?: Examine): PresenceAnnouncer {
    return announcePresence(this, () => givenPresence(id, differing), examine);
  }

  /** What `checkFleet` gives, with time going on; `meanwhile` once it listens. */
  async check(meanwhile: () => void = () => {}): Promise<readonly CheckedProcess[]> {
    const checking = checkFleet(this);
    meanwhile();
    return await advanceUntil(this.clock, 500, checking);
  }
}

const STORE = { directories: [], unreadable: [], moreUnreadable: 0 };

test("checkFleet() asks all that are there, by whatever role, and times the answers", async () => {
  await using given = new GivenFleet();
  given.announce("t", {});
  given.announce("s", { role: "piece-store" }, () => Promise.resolve({ store: STORE }));
  const [store, tracker] = await given.check();
  deepEqual([store?.presence.id, tracker?.presence.id], ["s", "t"]);
  const { nowMs = 0, ...rest } = store?.checkup ?? {};
  deepEqual(rest, { node: process.version, store: STORE });
  equal(nowMs, store?.answeredAtMs);
});

test("checkFleet() given who does not serve it, or not in time, says why", async () => {
  await using given = new GivenFleet();
  const { promise: hanging, resolve: go } = Promise.withResolvers<object>();
  given.announce("silent", {}, () => hanging);
  const earlier = given.announce("earlier", {});
  earlier.stop();
  const checking = given.check(() => {
    const presence = givenPresence("earlier");
    given.bus.publish(presenceEvent, { role: "tracker", id: "earlier" }, presence);
  });
  const found = (await checking).map(({ presence, checkup, failure }) => {
    return [presence.id, checkup, failure];
  });
  deepEqual(found, [
    ["earlier", null, "bus-no-responders"],
    ["silent", null, "bus-timeout"],
  ]);
  // The bus waits for it when it is closed.
  go({});
});

test("checkFleet() given two that go by one name has both", async () => {
  await using given = new GivenFleet();
  given.announce("a", { startedAtMs: 1 });
  given.announce("a", { startedAtMs: 2 });
  const found = await given.check();
  deepEqual(
    found.map(({ presence }) => presence.startedAtMs),
    [1, 2],
  );
});

test("checkFleet() given a busy process hears it when it next says that it is there", async () => {
  await using given = new GivenFleet();
  const late = given.announce("late", {});
  late.stop();
  const found = await given.check(() => given.clock.after(5_000, () => given.announce("late", {})));
  deepEqual(
    found.map(({ presence, failure }) => [presence.id, failure]),
    [["late", null]],
  );
});

test("a process that is asked again while it looks at itself looks once", async () => {
  await using given = new GivenFleet();
  let looks = 0;
  const { promise, resolve } = Promise.withResolvers<object>();
  given.announce("a", {}, () => {
    looks += 1;
    return promise;
  });
  const checking = Promise.all([given.check(), given.check()]);
  given.clock.after(8_000, () => resolve({}));
  const found = (await checking).flat();
  deepEqual([looks, found.map(({ failure }) => failure)], [1, [null, null]]);
});

test("anyTorrent() is one of the catalog, or null", async () => {
  await using given = new GivenFleet();
  equal(await anyTorrent(given.bus), null);
  const infoHash = parseInfoHash("ab".repeat(20));
  const stored = await given.bus.keyValue(CATALOG_BUCKET);
  await stored.put(String(infoHash), new Uint8Array());
  equal(await anyTorrent(given.bus), infoHash);
});
