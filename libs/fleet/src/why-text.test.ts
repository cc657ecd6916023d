import { equal } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes, peerIdFromBytes } from "@seedfleet/bytes";
import type { ChokingMoment, ExplainedConnection } from "@seedfleet/contracts";
import { whyText } from "./why-text.ts";

const OUTRANKED: ChokingMoment = {
  ...{ atMs: 10, round: 3, decidedBy: "scheduler-1", decision: "choked", rank: 5, wanting: 6 },
  because: { rule: "outranked", slots: 4 },
};
const UNCHOKED: ChokingMoment = {
  ...{ ...OUTRANKED, decision: "regular", rank: 1 },
  because: { rule: "ranked", slots: 4 },
};
const UNINTERESTED: ChokingMoment = {
  ...{ ...OUTRANKED, round: null, rank: null },
  because: { rule: "not-interested" },
};

const WAITING: ExplainedConnection = {
  ...{ infoHash: infoHashFromBytes(new Uint8Array(20)), peerId: peerIdFromBytes(Buffer.alloc(20)) },
  ...{ host: "192.0.2.1", listenPort: null, connectedAtMs: 0, amChoking: true },
  ...{ unchokedAtMs: null, peerInterested: true, uploadOnly: false, haveBytes: null },
  ...{ contentBytes: 1, sentBytes: 0, uploadBytesPerSecond: 0, slots: 4, slotsHeld: 4 },
  moments: [],
};

const DECIDES = "choked: it wants one of 4 slots since the last round; the next one decides";
const WANTS_NOTHING = "choked: it wants nothing of what we have";

const cases: readonly {
  readonly given: string;
  readonly connection: Partial<ExplainedConnection>;
  readonly then: string;
}[] = [
  { given: "that nothing was decided of", connection: {}, then: DECIDES },
  {
    given: "that was outranked",
    connection: { moments: [OUTRANKED, UNCHOKED] },
    then: "choked: 5th of 6 that want one of 4 slots",
  },
  {
    given: "that holds a slot",
    connection: { amChoking: false, moments: [UNCHOKED, OUTRANKED] },
    then: "unchoked: 1st of 6 that want one of 4 slots",
  },
  {
    given: "that lost interest since it was outranked",
    connection: { peerInterested: false, moments: [OUTRANKED] },
    then: WANTS_NOTHING,
  },
  {
    given: "that gave its slot back",
    connection: { peerInterested: false, moments: [UNINTERESTED, UNCHOKED] },
    then: WANTS_NOTHING,
  },
  {
    given: "that wants something again since",
    connection: { moments: [UNINTERESTED, UNCHOKED] },
    then: DECIDES,
  },
  {
    given: "that only uploads",
    connection: { uploadOnly: true },
    then: "choked: it says that it only uploads",
  },
  {
    given: "that has its slot for longer than is remembered",
    connection: { amChoking: false },
    then: "unchoked: for longer than decisions are remembered",
  },
];

for (const { given, connection, then } of cases) {
  test(`whyText() given a peer ${given}`, () =>
    equal(whyText({ ...WAITING, ...connection }), then));
}
