import { deepEqual, equal, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { truncateSync } from "node:fs";
import { test } from "node:test";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { CATALOG_BUCKET, SCRUB_BUCKET, type ScrubState } from "@seedfleet/contracts";
import { collectGarbage, systemClock } from "@seedfleet/runtime";
import { silentTelemetry } from "@seedfleet/telemetry";
import { turn } from "@seedfleet/testkit";
import { type GivenConfig, GivenStore } from "../testing.ts";
import { SCRUB_ROUND_INTERVAL_MS, SCRUB_SAVE_INTERVAL_MS } from "./scrub.ts";
import { ScrubClock, ScrubStatesSeen, ShakyBus } from "./testing.ts";

const PIECE_BYTES = 16_384;
const WHOLE = randomBytes(PIECE_BYTES * 40);
/** A piece a second. */
const SLOW: GivenConfig = { scrubBytesPerSecond: PIECE_BYTES };
const FAST: GivenConfig = { scrubBytesPerSecond: 1024 ** 3 };

const SCRUBBED = "seedfleet_piece_store_scrubbed_bytes";

test("a scrub goes on after a restart where it stopped", async () => {
  const { given, clock, states } = await givenScrub({ a: WHOLE, b: randomBytes(100_000) }, SLOW);
  await using _ = given;
  for (const path of ["a", "b"]) await given.publish(path);
  await clock.begin();
  await clock.runUntil(states.when(({ checkedBytes }) => checkedBytes >= 7 * PIECE_BYTES));
  const first = given.telemetry;
  await given.restart();
  const { last } = states;
  equal(last?.checkedBytes, first.recorded.total(SCRUBBED));
  await clock.begin();
  const ended = await clock.runUntil(states.ended());
  const { checkedBytes, startedAtMs } = ended;
  deepEqual([checkedBytes, startedAtMs], [WHOLE.length + 100_000, last?.startedAtMs]);
  const again = given.telemetry.recorded.total(SCRUBBED) ?? 0;
  equal(again, WHOLE.length + 100_000 - (last?.checkedBytes ?? 0));
});

test("what a kill takes from a scrub is a few seconds of it", async () => {
  const { given, clock, states } = await givenScrub({ a: WHOLE }, SLOW);
  await using _ = given;
  await given.publish("a");
  await clock.begin();
  const ended = await clock.runUntil(states.ended());
  let before = 0;
  for (const { checkedBytes } of states.seen.items) {
    const unsavedMs = ((checkedBytes - before) / PIECE_BYTES) * 1_000;
    ok(unsavedMs <= SCRUB_SAVE_INTERVAL_MS + 1_000, `${unsavedMs} ms were not saved`);
    before = checkedBytes;
  }
  // As a kill in the middle of the round would have left it.
  const left = states.seen.items.find(({ checkedBytes }) => checkedBytes > WHOLE.length / 2);
  ok(left !== undefined && left.endedAtMs === null);
  await given.restart();
  await write(given, left);
  await clock.begin();
  const done = await clock.runUntil(states.when(({ endedAtMs }) => isAfter(endedAtMs, ended)));
  equal(done.checkedBytes, WHOLE.length);
  equal(given.telemetry.recorded.total(SCRUBBED), WHOLE.length - left.checkedBytes);
});

for (const { given: situation, value } of [
  { given: "cannot be read", value: "{" },
  { given: "is of a torrent that is gone", value: null },
]) {
  test(`a state that ${situation} is no reason not to scrub`, async () => {
    const { given, clock, states } = await givenScrub({ a: WHOLE }, FAST);
    await using _ = given;
    await given.publish("a");
    const at = { infoHash: "0".repeat(40), location: "/gone", piece: 9 };
    const counts = { checkedBytes: 1, badPieces: 2, repairedPieces: 3 };
    const gone = { round: 7, startedAtMs: 0, endedAtMs: null, at, ...counts };
    const stored = await given.bus.keyValue(SCRUB_BUCKET);
    await stored.put(given.id, Buffer.from(value ?? JSON.stringify(gone)));
    await clock.begin();
    await clock.runUntil(states.ended(value === null ? 7 : 1));
    equal(given.telemetry.recorded.total(SCRUBBED), WHOLE.length);
  });
}

test("a round begins a day after the last, whatever is restarted", async () => {
  const { given, clock, states } = await givenScrub({ a: WHOLE }, FAST);
  await using _ = given;
  await given.publish("a");
  await clock.begin();
  const first = await clock.runUntil(states.ended());
  await clock.rests();
  await given.restart();
  await clock.begin();
  await clock.rests();
  equal(given.telemetry.recorded.gauge("seedfleet_piece_store_scrub_progress_ratio"), 1);
  const endedAtSeconds = given.telemetry.recorded.gauge(
    "seedfleet_piece_store_scrub_round_end_timestamp_seconds",
  );
  equal(endedAtSeconds, (first.endedAtMs ?? 0) / 1_000);
  clock.advance(first.startedAtMs + SCRUB_ROUND_INTERVAL_MS - clock.nowMs() - 1);
  await turn();
  equal(given.telemetry.recorded.total(SCRUBBED), 0);
  clock.advance(1);
  const second = await clock.runUntil(states.ended(2));
  equal(second.startedAtMs - first.startedAtMs, SCRUB_ROUND_INTERVAL_MS);
});

test("a store that holds nothing scrubs nothing, and begins with what comes", async () => {
  const { given, clock, states } = await givenScrub({ a: WHOLE }, FAST);
  await using _ = given;
  await clock.begin();
  for (let trial = 0; trial < 5; trial += 1) await clock.tryAgain();
  await clock.rests();
  deepEqual([states.seen.items, given.telemetry.recorded.logs.length], [[], 0]);
  await given.publish("a");
  clock.advance(60_000);
  equal((await clock.runUntil(states.ended())).checkedBytes, WHOLE.length);
});

test("a store that is to scrub nothing never does", async () => {
  const { given, clock, states } = await givenScrub({ a: WHOLE }, { scrubBytesPerSecond: 0 });
  await using _ = given;
  await given.publish("a");
  await clock.begin();
  clock.advance(SCRUB_ROUND_INTERVAL_MS);
  await given.store.drain();
  deepEqual([states.seen.items, given.telemetry.recorded.total(SCRUBBED)], [[], 0]);
});

const states = [
  { given: "before it begins", until: async () => {} },
  {
    given: "while it waits for its budget",
    until: async ({ clock, states }: GivenScrub) => {
      await clock.begin();
      await clock.runUntil(states.when(({ checkedBytes }) => checkedBytes > 0));
    },
  },
  {
    given: "between two rounds",
    until: async ({ clock, states }: GivenScrub) => {
      await clock.begin();
      await clock.runUntil(states.ended());
      await clock.rests();
    },
  },
];

for (const { given: situation, until } of states) {
  test(`a scrub that is stopped ${situation} ends at once`, async () => {
    const scrub = await givenScrub({ a: WHOLE }, SLOW);
    await using given = scrub.given;
    await given.publish("a");
    await until(scrub);
    // No time goes by.
    await given.store.drain();
  });
}

for (const bucket of [CATALOG_BUCKET, SCRUB_BUCKET]) {
  test(`a scrub waits while ${bucket} is away, and goes on where it was`, async () => {
    const real = createBus(openEmbeddedBus({ file: null }), {
      clock: systemClock,
      telemetry: silentTelemetry,
    });
    const shaky = new ShakyBus(real, bucket);
    const clock = new ScrubClock();
    const files = { a: WHOLE, b: randomBytes(WHOLE.length) };
    const given = await GivenStore.start(files, SLOW, { clock, bus: shaky.bus });
    for (const path of ["a", "b"]) await given.publish(path);
    const states = await ScrubStatesSeen.watch(real);
    await clock.begin();
    await clock.runUntil(states.when(({ checkedBytes }) => checkedBytes >= 10 * PIECE_BYTES));
    shaky.isAway = true;
    for (const times of [1, 2, 3]) {
      await clock.runUntil(shaky.refused.count(times));
      await clock.tryAgain();
    }
    shaky.isAway = false;
    const ended = await clock.runUntil(states.ended());
    equal(ended.checkedBytes, 2 * WHOLE.length);
    const messages = given.telemetry.recorded.logs.map(({ message }) => message);
    deepEqual(
      messages.filter((message) => message.startsWith("scrub")),
      ["scrub interrupted", "scrub goes on", "scrub round ended"],
    );
    await given[Symbol.asyncDispose]();
    await real.close();
  });
}

test("a scrub needs no more memory for long pieces than for short ones", async () => {
  const pieceLengthBytes = 64 * 1024 * 1024;
  const { given, clock, states } = await givenScrub({ a: "" }, FAST);
  await using _ = given;
  truncateSync(given.directory.at("a"), 2 * pieceLengthBytes);
  await given.publish("a", { version: "hybrid", pieceLengthBytes });
  collectAll();
  const beforeBytes = process.memoryUsage().arrayBuffers;
  let mostBytes = 0;
  clock.onWait = () => {
    mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers - beforeBytes);
  };
  await clock.begin();
  equal((await clock.runUntil(states.ended())).checkedBytes, 2 * pieceLengthBytes);
  ok(mostBytes > 0 && mostBytes < 8 * 1024 * 1024, `${mostBytes} bytes`);
});

/** Else what publishing left is collected during the scrub. The second waits for the first. */
function collectAll(): void {
  collectGarbage();
  collectGarbage();
}

type GivenScrub = Awaited<ReturnType<typeof givenScrub>>;

async function givenScrub(files: Record<string, string | Uint8Array>, config: GivenConfig) {
  const clock = new ScrubClock();
  const given = await GivenStore.start(files, config, { clock });
  return { given, clock, states: await ScrubStatesSeen.watch(given.bus) };
}

async function write(given: GivenStore, state: ScrubState): Promise<void> {
  const stored = await given.bus.keyValue(SCRUB_BUCKET);
  await stored.put(given.id, Buffer.from(JSON.stringify(state)));
}

function isAfter(atMs: number | null, { endedAtMs }: ScrubState): boolean {
  return atMs !== null && atMs > (endedAtMs ?? 0);
}
