import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { NOTED_PER_TURN, NoteTurns } from "./note-turns.ts";
import type { NotedAnnounce } from "./replicas/replica-messages.ts";

const MANY = givenNoted(3 * NOTED_PER_TURN);

test("NoteTurns notes a few a turn, all of them and in order", async () => {
  const noted: NotedAnnounce[] = [];
  const turns = new NoteTurns((announce) => noted.push(announce));
  turns.add(MANY.slice(0, NOTED_PER_TURN + 1));
  turns.add(MANY.slice(NOTED_PER_TURN + 1));
  for (let turn = 1; turn <= 3; turn += 1) {
    equal(noted.length, turn * NOTED_PER_TURN);
    await nextTurn();
  }
  deepEqual(noted, MANY);
});

test("NoteTurns given a stop notes the rest at once, and what still comes", () => {
  const noted: NotedAnnounce[] = [];
  const turns = new NoteTurns((announce) => noted.push(announce));
  turns.add(MANY.slice(1));
  turns.stop();
  equal(noted.length, MANY.length - 1);
  turns.add(MANY.slice(0, 1));
  deepEqual(noted, [...MANY.slice(1), ...MANY.slice(0, 1)]);
});

function givenNoted(count: number): NotedAnnounce[] {
  return Array.from({ length: count }, (_, peers) => ({
    ...{ infoHash: "00".repeat(20), peerId: "11".repeat(20), event: null, leftBytes: 1 },
    ...{ seeders: 0, leechers: 1, peers, introduction: null },
  })) as NotedAnnounce[];
}
