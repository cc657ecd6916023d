import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type PeerId, peerIdFromBytes } from "@seedfleet/bytes";
import type { ChokingMoment } from "@seedfleet/contracts";
import { SlotTimeline, type TimedConnection } from "./slot-timeline.ts";

test("SlotTimeline draws who had a slot where, a letter a step", () => {
  const timeline = givenTimeline();
  timeline.add(0.2, [given("a", "gw-1"), given("a", "gw-2")]);
  timeline.add(1.1, [given("a", "gw-1", { amChoking: false }), given("b", "gw-1")]);
  timeline.add(1.9, [given("b", "gw-2", { amChoking: false })]);
  timeline.add(4.5, [
    given("a", "gw-1", { amChoking: false }),
    given("a", "gw-2", { amChoking: false }),
    given("b", "gw-1", { peerInterested: false }),
  ]);
  timeline.add(5.0, [given("b", "gw-2", { amChoking: false })]);
  deepEqual([timeline.lineOf("a", 1), timeline.lineOf("b", 1)], [".111* ", " ... 2"]);
  equal(timeline.lineOf("nobody", 1), "      ");
});

test("SlotTimeline counts rounds in which one had two slots while another had none", () => {
  const timeline = givenTimeline();
  timeline.add(0, [
    given("a", "gw-1", { moments: [decided(1, "regular"), decided(2, "regular")] }),
    given("a", "gw-2", { moments: [decided(1, "choked"), decided(2, "optimistic")] }),
    given("b", "gw-1", { moments: [decided(1, "choked"), decided(2, "choked")] }),
  ]);
  // Told again, and of a slot to spare in the third round.
  timeline.add(1, [
    given("a", "gw-1", { moments: [decided(2, "regular"), decided(3, "regular")] }),
    given("a", "gw-2", { moments: [decided(3, "regular")] }),
    given("b", "gw-2", { moments: [decided(3, "regular"), decided(4, "choked", null)] }),
    given("c", "gw-2", { moments: [decided(null, "choked")] }),
  ]);
  deepEqual(timeline.tally(), { rounds: 3, unfairRounds: 1, roundsAlone: 1 });
});

function givenTimeline(): SlotTimeline {
  const names = new Map(["a", "b", "c"].map((name) => [String(idOf(name)), name]));
  return new SlotTimeline(["gw-1", "gw-2"], (peerId) => names.get(peerId) ?? null);
}

function given(
  leecher: string,
  gateway: string,
  differing: Partial<TimedConnection> = {},
): TimedConnection {
  return {
    ...{ gateway, peerId: idOf(leecher), amChoking: true, peerInterested: true },
    ...{ uploadOnly: false, moments: [], ...differing },
  };
}

function decided(
  round: number | null,
  decision: ChokingMoment["decision"],
  decidedBy: string | null = "scheduler-1",
) {
  return { round, decidedBy, decision };
}

function idOf(leecher: string): PeerId {
  return peerIdFromBytes(Buffer.from(leecher.padEnd(20, "0")));
}
