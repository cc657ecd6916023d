import { doesNotThrow, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { checkAnswer, type LoadParts, LoadTally } from "./announce-load.ts";
import { AnnouncedPeers } from "./announced-peers.ts";
import { LoadPace } from "./load-pace.ts";

/** One swarm, to which one source has announced three peers, two of them answered. */
function givenParts(parts: Partial<LoadParts> = {}): LoadParts {
  const peers = new AnnouncedPeers({ swarms: 1, sources: 1, firstSource: 0 });
  for (let count = 0; count < 3; count += 1) peers.next(0);
  for (let count = 0; count < 2; count += 1) peers.answer(0);
  const pace = new LoadPace({ perSecond: null });
  const tally = new LoadTally();
  return { peers, pace, tally, numWant: 2, exact: true, fresh: true, ...parts };
}

function givenAnswer(ports: readonly number[], leechers: number) {
  const bytes = new Uint8Array(ports.flatMap((port) => [127, 77, 0, 0, port >> 8, port & 0xff]));
  return { swarm: 0, leechers, bytes, from: 0, to: bytes.length, knownAtLeast: 2 };
}

test("checkAnswer() counts an answer that can be right", () => {
  const parts = givenParts();
  checkAnswer(givenAnswer([10_000, 10_002], 3), parts);
  equal(parts.tally.answered, 1);
  equal(parts.tally.peers, 2);
  equal(parts.peers.answered(0), 3);
});

const wrong = [
  { given: "more peers than were wanted", ports: [10_000, 10_001, 10_002], message: /wanted/ },
  { given: "fewer peers than there are", ports: [10_000], message: /has 1 peers of a swarm/ },
  {
    given: "fewer leechers than there are",
    ports: [10_000, 10_001],
    leechers: 1,
    message: /tells/,
  },
  { given: "more leechers than there are", ports: [10_000, 10_001], leechers: 4, message: /tells/ },
  { given: "a peer that nobody announced", ports: [10_000, 10_003], message: /nobody announced/ },
] as const;

for (const { given, ports, message, ...rest } of wrong) {
  test(`checkAnswer() refuses ${given}`, () => {
    const answer = givenAnswer(ports, "leechers" in rest ? rest.leechers : 3);
    throws(() => checkAnswer(answer, givenParts()), { name: new BenchError().name, message });
  });
}

test("checkAnswer() lets threads take a moment to tell each other", () => {
  const parts = givenParts({ exact: false });
  doesNotThrow(() => checkAnswer(givenAnswer([10_000], 1), parts));
});

test("LoadPace at a rate charges a stall to what was due meanwhile", () => {
  const pace = new LoadPace({ perSecond: 1_000 });
  pace.begin(100);
  equal(pace.due(100), 1);
  equal(pace.take(100), 100);
  equal(pace.due(100.5), 0);
  equal(pace.due(103.5), 3);
  equal(pace.take(103.5), 101);
});

test("LoadPace ends with the announces it was allowed, at no rate", () => {
  const pace = new LoadPace({ perSecond: 1 });
  pace.allow(2);
  equal(pace.due(0), 2);
  equal(pace.take(5), 5);
  equal(pace.take(6), 6);
  equal(pace.due(7), 0);
});
