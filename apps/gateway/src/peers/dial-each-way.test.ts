import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { CloseReason } from "./close-reason.ts";
import { dialEachWay } from "./dial-each-way.ts";

type Reached = CloseReason | null;

/** What comes of each dial in turn; the ways are what was tried, encrypted or not. */
const cases = [
  { given: "a peer that takes all", policy: "allowed", dials: [null], ways: [false] },
  {
    given: "a peer that only encrypts",
    policy: "allowed",
    dials: ["peer-closed", null],
    ways: [false, true],
  },
  {
    given: "a shared secret that begins with a zero",
    policy: "required",
    dials: ["peer-closed", null],
    ways: [true, true],
  },
  {
    given: "a peer that closes whatever comes",
    policy: "allowed",
    dials: ["peer-closed", "peer-closed", "peer-closed"],
    ways: [false, true, true],
  },
  { given: "no way to it", policy: "allowed", dials: ["unreachable"], ways: [false] },
  { given: "no encryption", policy: "off", dials: ["peer-closed"], ways: [false] },
] as const;

for (const { given, policy, dials, ways } of cases) {
  test(`dialEachWay() given ${given}`, async () => {
    const tried: boolean[] = [];
    const last = await dialEachWay(policy, (encrypt): Promise<Reached> => {
      tried.push(encrypt);
      return Promise.resolve(dials[tried.length - 1] ?? null);
    });
    deepEqual([tried, last], [ways, dials.at(-1)]);
  });
}
