import { equal } from "node:assert/strict";
import { test } from "node:test";
import { watchPresence } from "@seedfleet/fleet";
import { systemClock } from "@seedfleet/runtime";
import { GivenManaged } from "./testing.ts";

for (const { keeps, config, then } of [
  { keeps: "content of its own", config: {}, then: true },
  { keeps: "none", config: { managedRoot: null }, then: undefined },
]) {
  test(`a store's presence says whether it keeps content of its own: ${keeps}`, async () => {
    await using managed = await GivenManaged.start([], { config });
    const presence = watchPresence({ bus: managed.given.bus, clock: systemClock }, ["piece-store"]);
    equal((await presence.first("piece-store")).managed, then);
    presence.stop();
  });
}
