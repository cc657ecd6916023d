import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { type AnnounceEvent, AnnounceRequest } from "../announces/announce-request.ts";
import { UsageLedger } from "./usage-ledger.ts";

type Row = readonly [peer: number, event: AnnounceEvent | null, up: number, down: number];

const cases: readonly {
  readonly given: string;
  readonly announces: readonly Row[];
  readonly then: readonly [up: number, down: number] | null;
}[] = [
  {
    given: "a start and what came after",
    announces: [
      [1, "started", 0, 0],
      [1, null, 5, 7],
    ],
    then: [5, 7],
  },
  { given: "a client not heard to start", announces: [[1, null, 500, 700]], then: null },
  {
    given: "the growth of a client not heard to start",
    announces: [
      [1, null, 500, 700],
      [1, "stopped", 501, 702],
    ],
    then: [1, 2],
  },
  {
    given: "a client that starts anew from nothing",
    announces: [
      [1, "started", 0, 0],
      [1, "stopped", 9, 0],
      [1, "started", 0, 0],
      [1, null, 4, 0],
    ],
    then: [13, 0],
  },
  {
    given: "a client that goes on counting after a pause",
    announces: [
      [1, "started", 0, 0],
      [1, "stopped", 9, 0],
      [1, "started", 9, 0],
      [1, null, 10, 0],
    ],
    then: [10, 0],
  },
  {
    given: "two clients of one user",
    announces: [
      [1, "started", 0, 0],
      [2, "started", 0, 0],
      [1, null, 5, 0],
      [2, null, 6, 1],
    ],
    then: [11, 1],
  },
];

for (const { given, announces, then } of cases) {
  test(`UsageLedger given ${given}`, () => {
    const ledger = new UsageLedger({ peersMax: 10 });
    for (const row of announces) ledger.record("alice", givenAnnounce(row));
    const expected =
      then === null ? [] : [{ user: "alice", uploadedBytes: then[0], downloadedBytes: then[1] }];
    deepEqual(ledger.take(), expected);
    deepEqual(ledger.take(), []);
  });
}

test("UsageLedger counts from what another replica heard", () => {
  const ledger = new UsageLedger({ peersMax: 10 });
  ledger.heard(givenAnnounce([1, null, 100, 0]));
  ledger.record("alice", givenAnnounce([1, null, 130, 0]));
  deepEqual(ledger.take(), [{ user: "alice", uploadedBytes: 30, downloadedBytes: 0 }]);
});

test("UsageLedger forgets the peer heard longest ago when it is full", () => {
  const ledger = new UsageLedger({ peersMax: 2 });
  for (const peer of [1, 2, 1, 3]) ledger.record("alice", givenAnnounce([peer, null, 10, 0]));
  ledger.record("alice", givenAnnounce([2, null, 20, 0]));
  deepEqual(ledger.take(), []);
  ledger.record("alice", givenAnnounce([3, null, 25, 0]));
  deepEqual(ledger.take(), [{ user: "alice", uploadedBytes: 15, downloadedBytes: 0 }]);
});

function givenAnnounce([peer, event, uploadedBytes, downloadedBytes]: Row): AnnounceRequest {
  const request = new AnnounceRequest();
  request.peerId[0] = peer;
  return Object.assign(request, { event, uploadedBytes, downloadedBytes });
}
