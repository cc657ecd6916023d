import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { defineEvent } from "@seedfleet/bus";
import {
  PRESENCE_EXPIRY_MS,
  PRESENCE_INTERVAL_MS,
  type Presence,
  presenceAskedEvent,
  presenceEvent,
} from "@seedfleet/contracts";
import { announcePresence } from "./announce-presence.ts";
import { GivenBus, givenPresence } from "./testing.ts";
import { watchPresence } from "./watch-presence.ts";

test("announcePresence() says at once, and every 2 s, what is then the case", async () => {
  await using given = new GivenBus();
  const heard: Presence[] = [];
  given.bus.subscribe(presenceEvent, {}, (presence) => void heard.push(presence));
  let load = 0.5;
  const announcer = announcePresence(given, () => givenPresence("a", { load }));
  await given.bus.flush();
  deepEqual(heard, [givenPresence("a", { load: 0.5 })]);
  load = 0.75;
  given.clock.advance(PRESENCE_INTERVAL_MS - 1);
  await given.bus.flush();
  equal(heard.length, 1);
  given.clock.advance(1);
  await given.bus.flush();
  deepEqual(heard.at(-1), givenPresence("a", { load: 0.75 }));
  announcer.announce();
  await given.bus.flush();
  equal(heard.length, 3);
  announcer.stop();
  given.clock.advance(10 * PRESENCE_INTERVAL_MS);
  given.bus.publish(presenceAskedEvent, {}, {});
  await given.bus.flush();
  equal(heard.length, 3);
});

test("watchPresence() given a newcomer knows at once who has long been there", async () => {
  await using given = new GivenBus();
  announcePresence(given, () => givenPresence("b"));
  announcePresence(given, () => givenPresence("a"));
  announcePresence(given, () => givenPresence("a", { role: "console" }));
  await given.bus.flush();
  const watch = watchPresence(given, ["tracker"]);
  deepEqual(watch.available("tracker"), []);
  await given.bus.flush();
  deepEqual(idsOf(watch.available("tracker")), ["a", "b"]);
  deepEqual(watch.available("console"), []);
  equal(given.clock.nowMs(), 0);
});

test("watchPresence() given a process that fell silent forgets it", async () => {
  await using given = new GivenBus();
  const announcer = announcePresence(given, () => givenPresence("a"));
  const watch = watchPresence(given, ["tracker"]);
  await given.bus.flush();
  for (let second = 0; second < 10; second += 1) {
    given.clock.advance(1_000);
    await given.bus.flush();
  }
  deepEqual(idsOf(watch.available("tracker")), ["a"]);
  announcer.stop();
  given.clock.advance(PRESENCE_EXPIRY_MS + 1);
  deepEqual(watch.available("tracker"), []);
});

test("watchPresence().first() resolves with who is there, else with who comes first", async () => {
  await using given = new GivenBus();
  const watch = watchPresence(given, ["tracker", "console"]);
  const first = watch.first("tracker");
  const second = watch.first("tracker");
  announcePresence(given, () => givenPresence("console-1", { role: "console" }));
  announcePresence(given, () => givenPresence("leaving", { draining: true }));
  announcePresence(given, () => givenPresence("tracker-1"));
  deepEqual([(await first).id, (await second).id], ["tracker-1", "tracker-1"]);
  equal((await watch.first("tracker")).id, "tracker-1");
  equal((await watch.first("console")).id, "console-1");
});

test("watchPresence().soon() asks, and waits no longer than it is told to", async () => {
  await using given = new GivenBus();
  const watch = watchPresence(given, ["tracker"]);
  await given.bus.flush();
  let asked = 0;
  const counting = given.bus.subscribe(presenceAskedEvent, {}, () => {
    asked += 1;
  });
  const nobody = [watch.soon("tracker", 1_000), watch.soon("tracker", 1_000)];
  await given.bus.flush();
  given.clock.advance(1_000);
  deepEqual(await Promise.all(nobody), [false, false]);
  equal(asked, 1, "once for all who wait");
  counting.unsubscribe();
  given.bus.subscribe(presenceAskedEvent, {}, () => {
    announcePresence(given, () => givenPresence("a"));
  });
  await given.bus.flush();
  equal(await watch.soon("tracker", 1_000), true);
  equal(await watch.soon("tracker", 0), true);
});

test("watchPresence().stop() hears nothing more", async () => {
  await using given = new GivenBus();
  const watch = watchPresence(given, ["tracker"]);
  watch.stop();
  announcePresence(given, () => givenPresence("a"));
  await given.bus.flush();
  deepEqual(watch.available("tracker"), []);
});

test("a presence that breaks the contract is dropped, and the others are heard", async () => {
  await using given = new GivenBus();
  const watch = watchPresence(given, ["tracker"]);
  // As an old or a broken process might say it, past the check of the publisher.
  const { subject } = presenceEvent;
  const lax = defineEvent({ subject, payload: presenceAskedEvent.payload });
  given.bus.publish(lax, { role: "tracker", id: "odd" }, {});
  announcePresence(given, () => givenPresence("a"));
  await given.bus.flush();
  deepEqual(idsOf(watch.available("tracker")), ["a"]);
  equal(given.telemetry.recorded.total("seedfleet_bus_dropped_messages"), 1);
});

function idsOf(presences: readonly { readonly id: string }[]): string[] {
  return presences.map(({ id }) => id);
}
