import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { peerKey } from "@seedfleet/choker";
import type { RoundDecisions, RoundPeers } from "@seedfleet/contracts";
import { packRoundPeers, unpackDecisions } from "@seedfleet/fleet";
import { leaveAll, turnOver } from "./crowd-decisions.ts";

const CHOKED = [true, true, false];

const KEYS = CHOKED.map((_, at) => peerKey(String(at)));

function givenPeers(): RoundPeers {
  const nothing = { uploadBytesPerSecond: 0, sentBytes: 0, turnBytes: 0, haveBytes: 0 };
  const idle = { ...nothing, uploadOnly: false, connectedAtMs: 0, unchokedAtMs: null };
  const peers = KEYS.map((key, at) => ({
    ...{ peerKey: key, leecher: key, amChoking: CHOKED[at] ?? true, peerInterested: true },
    ...idle,
  }));
  return packRoundPeers(peers, 0);
}

function unchokedIn(decisions: RoundDecisions): readonly boolean[] | undefined {
  return unpackDecisions(decisions, KEYS, 0)?.map(({ decision }) => decision !== "choked");
}

test("turnOver() changes every peer", () => {
  deepEqual(unchokedIn(turnOver(givenPeers())), CHOKED);
});

test("leaveAll() changes no peer", () => {
  deepEqual(
    unchokedIn(leaveAll(givenPeers())),
    CHOKED.map((each) => !each),
  );
});
