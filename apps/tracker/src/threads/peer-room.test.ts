import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { peerRooms } from "./peer-room.ts";

const rows = [
  { given: "nobody yet", peers: [0, 0], peersMax: 100, rooms: [100, 100] },
  { given: "one swarm that is large", peers: [80, 0, 0], peersMax: 101, rooms: [101, 21, 21] },
  { given: "as many as there may be", peers: [60, 40], peersMax: 100, rooms: [60, 40] },
  { given: "more than there may be", peers: [70, 40], peersMax: 100, rooms: [70, 40] },
] as const;

for (const { given, peers, peersMax, rooms } of rows) {
  test(`peerRooms() given ${given} leaves to each what is left`, () => {
    deepEqual(peerRooms(peers, peersMax), rooms);
  });
}
