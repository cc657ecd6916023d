import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { RoundRequest } from "@seedfleet/contracts";
import { type Decided, leaveAll, turnOver } from "./crowd-decisions.ts";

function givenPeers(choked: readonly boolean[]): Pick<RoundRequest, "peers"> {
  const rest = { uploadBytesPerSecond: 0, connectedAtMs: 0, unchokedAtMs: null };
  const peers = choked.map((amChoking, at) => ({
    ...{ peerKey: String(at), amChoking, peerInterested: true },
    ...rest,
  }));
  return { peers };
}

function unchokedIn({ decisions }: Decided): readonly boolean[] {
  return decisions.map(({ unchoked }) => unchoked);
}

const cases = [
  {
    given: "most of them choked",
    choked: [true, true, false],
    then: [true, true, false],
    slots: 2,
  },
  {
    given: "few of them choked",
    choked: [true, false, false],
    then: [true, false, false],
    slots: 1,
  },
  { given: "none of them choked", choked: [false, false], then: [false, false], slots: 1 },
] as const;

for (const { given, choked, then, slots } of cases) {
  test(`turnOver() changes every peer, given ${given}`, () => {
    const decided = turnOver(givenPeers(choked));
    deepEqual(unchokedIn(decided), then);
    deepEqual(decided.unchokeSlots, slots);
  });
}

test("leaveAll() changes no peer, and leaves free slots to be taken", () => {
  const decided = leaveAll(givenPeers([true, false, true]), 4);
  deepEqual(unchokedIn(decided), [false, true, false]);
  deepEqual(decided.unchokeSlots, 4);
  deepEqual(leaveAll(givenPeers([false, false]), 1).unchokeSlots, 2);
});
