import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { rendezvous } from "./rendezvous.ts";

const KEYS = Array.from({ length: 2_000 }, (_, index) => index.toString(16).padStart(40, "0"));

/** Names that differ by little, as those of a stateful set or of random pods do. */
const FLEETS = [
  { given: "two hosts", ids: ["a", "b"] },
  { given: "numbered replicas", ids: Array.from({ length: 7 }, (_, at) => `scheduler-${at}`) },
  { given: "random names", ids: ["5c9f", "77d0", "x2k8q", "zz9", "9f86d081884c7d65"] },
] as const;

test("rendezvous() given nobody is nobody's", () => {
  equal(rendezvous("key", []), null);
});

test("rendezvous() given one takes it for every key", () => {
  for (const key of KEYS) equal(rendezvous(key, ["only"]), "only");
});

for (const { given, ids } of FLEETS) {
  test(`rendezvous() given ${given} is the same in whatever order they are known`, () => {
    for (const key of KEYS) equal(rendezvous(key, ids), rendezvous(key, ids.toReversed()));
  });

  test(`rendezvous() given ${given} moves only the keys of one that leaves`, () => {
    for (const leaver of ids) {
      const others = ids.filter((id) => id !== leaver);
      for (const key of KEYS) {
        const before = rendezvous(key, ids);
        const after = rendezvous(key, others);
        if (before === leaver) ok(after !== leaver && after !== null);
        else equal(after, before);
      }
    }
  });

  test(`rendezvous() given ${given} spreads the keys evenly, also those of one that left`, () => {
    for (const leaver of [null, ...ids]) {
      const present = ids.filter((id) => id !== leaver);
      const share = KEYS.length / present.length;
      for (const id of present) {
        const held = KEYS.filter((key) => rendezvous(key, present) === id).length;
        ok(Math.abs(held - share) < 0.2 * share, `${id} holds ${held}, a fair share is ${share}`);
      }
    }
  });
}
