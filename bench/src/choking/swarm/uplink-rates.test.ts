import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { type ActiveLink, uplinkRates } from "./uplink-rates.ts";

function givenLink(from: number, maxBytesPerSecond = Number.POSITIVE_INFINITY): ActiveLink {
  return { link: 0, from, to: 9, maxBytesPerSecond };
}

const cases = [
  { given: "two of one sender", links: [givenLink(0), givenLink(0)], then: [50, 50] },
  { given: "two senders", links: [givenLink(0), givenLink(1)], then: [100, 30] },
  {
    given: "one that is held to less",
    links: [givenLink(0), givenLink(0, 20), givenLink(0)],
    then: [40, 20, 40],
  },
  { given: "all held to less", links: [givenLink(0, 5), givenLink(0, 20)], then: [5, 20] },
] as const;

for (const { given, links, then } of cases) {
  test(`uplinkRates() given ${given}`, () => {
    deepEqual([...uplinkRates(links, [100, 30])], then);
  });
}
