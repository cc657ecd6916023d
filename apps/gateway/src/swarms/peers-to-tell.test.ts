import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { peerKey } from "@seedfleet/choker";
import { PEERS_PER_ROUND_MAX } from "@seedfleet/contracts";
import type { RoundPeer } from "@seedfleet/fleet";
import { peersToTell } from "./peers-to-tell.ts";

function givenPeer(serial: number, differing: Partial<RoundPeer> = {}): RoundPeer {
  return {
    ...{ peerKey: peerKey(`peer-${serial}`), leecher: String(serial), uploadOnly: false },
    ...{ amChoking: true, peerInterested: true, uploadBytesPerSecond: 0 },
    ...{ connectedAtMs: serial, unchokedAtMs: null, sentBytes: 0, turnBytes: 0, haveBytes: 0 },
    ...differing,
  };
}

test("peersToTell() leaves out who wants nothing and holds nothing", () => {
  const holder = givenPeer(1, { amChoking: false, peerInterested: false });
  const bored = givenPeer(2, { peerInterested: false });
  const wanting = givenPeer(3);
  deepEqual(peersToTell([holder, bored, wanting]), [holder, wanting]);
});

test("peersToTell() of a crowd tells of the holders and of who has waited longest", () => {
  const crowd = Array.from({ length: PEERS_PER_ROUND_MAX + 10 }, (_, at) => givenPeer(at));
  const holder = givenPeer(99_999, { amChoking: false, unchokedAtMs: 99_999 });
  const told = peersToTell([...crowd.toReversed(), holder]);
  equal(told.length, PEERS_PER_ROUND_MAX);
  equal(told[0], holder);
  ok(told.every(({ connectedAtMs }) => connectedAtMs < PEERS_PER_ROUND_MAX || connectedAtMs > 9e4));
});
