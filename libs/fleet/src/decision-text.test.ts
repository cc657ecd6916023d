import { equal } from "node:assert/strict";
import { test } from "node:test";
import { decisionText, type ExplainedDecision } from "./decision-text.ts";

const cases: readonly { readonly then: string; readonly given: Partial<ExplainedDecision> }[] = [
  {
    given: { because: { rule: "not-interested" }, rank: null },
    then: "choked: it wants nothing of what we have",
  },
  {
    given: { decision: "ready", because: { rule: "not-interested" }, rank: null },
    then: "no slot yet: it wants nothing of what we have, and is served once it does",
  },
  {
    given: { because: { rule: "upload-only" }, rank: null },
    then: "choked: it says that it only uploads",
  },
  {
    given: { decision: "regular", rank: 2, because: { rule: "ranked", slots: 4 } },
    then: "unchoked: 2nd of 120 that want one of 4 slots",
  },
  { given: {}, then: "choked: 37th of 120 that want one of 4 slots" },
  { given: { wanting: null }, then: "choked: 37th in line for 4 slots" },
  { given: { rank: null }, then: "choked: waits for one of 4 slots" },
  {
    given: { rank: 111, because: { rule: "outranked", slots: 1 } },
    then: "choked: 111th of 120 that want one of 1 slot",
  },
  {
    given: { decision: "optimistic", because: { rule: "turn", forMs: 0 } },
    then: "unchoked: its optimistic turn, which goes to who has waited longest",
  },
  {
    given: { decision: "regular", because: { rule: "free-slot" } },
    then: "unchoked: a slot was free that nobody before it could use",
  },
  {
    given: { decision: "optimistic", because: { rule: "lot" } },
    then: "unchoked: drawn by lot among those that wait",
  },
  {
    given: { decision: "regular", because: { rule: "gives-more", thanBytesPerSecond: 6.6 } },
    then: "unchoked: gives more than the 7 B/s of the last one",
  },
  {
    given: { because: { rule: "snubbed" } },
    then: "choked: it has stopped sending us anything",
  },
  {
    given: { because: { rule: "served-elsewhere", gateway: "gw-2" } },
    then: "choked: 37th of 120 that want a slot; served at gateway gw-2",
  },
  {
    given: { rank: 1, wanting: null, because: { rule: "served-elsewhere", gateway: "gw-2" } },
    then: "choked: 1st in line; served at gateway gw-2",
  },
  {
    given: { rank: 3, because: { rule: "gateway-full" } },
    then: "choked: 3rd of 120 that want a slot; the slots of its gateways went to those before it",
  },
  {
    given: { rank: null, because: { rule: "gateway-full" } },
    then: "choked: the slots of its gateways went to those before it",
  },
];

for (const { given, then } of cases) {
  test(`decisionText() given ${JSON.stringify(given)}`, () => {
    const outranked = { rule: "outranked", slots: 4 } as const;
    const decided = { decision: "choked", rank: 37, wanting: 120, because: outranked } as const;
    equal(decisionText({ ...decided, ...given }), then);
  });
}
