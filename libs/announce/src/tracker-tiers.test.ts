import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { firstChance, givenReply } from "./testing.ts";
import { backoffMs } from "./tracker-entry.ts";
import { TrackerTiers } from "./tracker-tiers.ts";

const MINUTE_MS = 60_000;
const FAILURE = { reason: "it does not answer", retryInMs: null } as const;
const WANTING = { wantsPeers: true } as const;
const CONTENT = { wantsPeers: false } as const;

test("TrackerTiers tries a tier from its front, and who answers moves there (BEP 12)", () => {
  const tiers = given([["http://a/", "http://b/", "http://c/"]]);
  equal(asked(tiers, 0), "http://a:80/ started");
  tiers.failed(FAILURE, 0);
  equal(asked(tiers, 0), "http://b:80/ started");
  tiers.answered(givenReply(), 0);
  deepEqual(tiers.next(0, CONTENT), { kind: "wait", untilMs: 30 * MINUTE_MS });
  equal(asked(tiers, 30 * MINUTE_MS), "http://b:80/ null");
  tiers.failed(FAILURE, 30 * MINUTE_MS);
  equal(asked(tiers, 30 * MINUTE_MS), "http://a:80/ started");
  tiers.failed(FAILURE, 30 * MINUTE_MS);
  equal(asked(tiers, 30 * MINUTE_MS), "http://c:80/ started");
});

test("TrackerTiers goes on with the next tier when a tier failed whole", () => {
  const tiers = given([["http://a/"], ["http://b/", "http://c/"], ["udp://d:1"]]);
  const order = ["a:80/", "b:80/", "c:80/"].map((name) => {
    equal(asked(tiers, 0), `http://${name} started`);
    tiers.failed(FAILURE, 0);
    return name;
  });
  equal(order.length, 3);
  equal(asked(tiers, 0), "udp://d:1 started");
  tiers.answered(givenReply(), 0);
  // Its time has come again, and the first tier's as well.
  equal(asked(tiers, 30 * MINUTE_MS), "http://a:80/ started");
});

test("TrackerTiers leaves a failing tracker alone, longer each time up to half an hour", () => {
  const tiers = given([["http://a/"]]);
  const waits: number[] = [];
  let nowMs = 0;
  for (let failure = 0; failure < 10; failure += 1) {
    equal(asked(tiers, nowMs), "http://a:80/ started");
    tiers.failed(FAILURE, nowMs);
    const step = tiers.next(nowMs, WANTING);
    ok(step.kind === "wait" && step.untilMs !== null);
    waits.push(step.untilMs - nowMs);
    nowMs = step.untilMs;
  }
  const aboutMs = [15, 30, 60, 120, 240, 480, 960, 1_800, 1_800, 1_800].map((s) => s * 1_000);
  // The least that chance makes of it.
  deepEqual(
    waits,
    aboutMs.map((ms) => ms * 0.75),
  );
});

test("backoffMs() is a quarter more or less", () => {
  equal(backoffMs(1, { below: () => 0 }), 11_250);
  ok(backoffMs(1, { below: (n) => n - 1 }) < 18_750);
  ok(backoffMs(1_000, { below: (n) => n - 1 }) < 2_250_000);
});

test("TrackerTiers reaches the last tracker though the first ones come due before", () => {
  const tiers = given([["http://a/", "http://b/", "http://c/"]]);
  let nowMs = 0;
  const names = ["a", "b", "c"].map((name) => {
    equal(asked(tiers, nowMs), `http://${name}:80/ started`);
    nowMs += MINUTE_MS;
    tiers.failed(FAILURE, nowMs);
    return name;
  });
  equal(names.length, 3);
  equal(asked(tiers, nowMs), "http://a:80/ started");
});

test("TrackerTiers keeps to what a refusal says", () => {
  const tiers = given([["http://a/"], ["http://b/"]]);
  asked(tiers, 0);
  tiers.failed({ reason: "no", retryInMs: "never" }, 0);
  asked(tiers, 0);
  tiers.failed({ reason: "later", retryInMs: 5 * MINUTE_MS }, 0);
  deepEqual(tiers.next(0, WANTING), { kind: "wait", untilMs: 5 * MINUTE_MS });
  equal(asked(tiers, 5 * MINUTE_MS), "http://b:80/ started");
  tiers.failed({ reason: "no", retryInMs: "never" }, 0);
  deepEqual(tiers.next(6 * MINUTE_MS, WANTING), { kind: "wait", untilMs: null });
});

test("TrackerTiers asks sooner while peers are wanted, never below the minimum interval", () => {
  const tiers = given([["http://a/"]]);
  asked(tiers, 0);
  tiers.answered(givenReply({ minIntervalMs: 10 * MINUTE_MS }), 0);
  deepEqual(tiers.next(0, CONTENT), { kind: "wait", untilMs: 30 * MINUTE_MS });
  deepEqual(tiers.next(0, WANTING), { kind: "wait", untilMs: 10 * MINUTE_MS });
  equal(tiers.next(10 * MINUTE_MS, CONTENT).kind, "wait");
  equal(asked(tiers, 10 * MINUTE_MS), "http://a:80/ null");
  tiers.answered(givenReply(), 10 * MINUTE_MS);
  deepEqual(tiers.next(10 * MINUTE_MS, WANTING), { kind: "wait", untilMs: 15 * MINUTE_MS });
});

test("TrackerTiers goes on past trackers that know of nobody, while peers are wanted", () => {
  const tiers = given([["http://a/", "http://b/"], ["http://c/"]]);
  asked(tiers, 0);
  tiers.answered(givenReply({ peers: [] }), 0);
  equal(asked(tiers, 0), "http://c:80/ started");
  tiers.answered(givenReply({ peers: [] }), 0);
  deepEqual(tiers.next(0, WANTING), { kind: "wait", untilMs: 5 * MINUTE_MS });
  equal(asked(tiers, 5 * MINUTE_MS), "http://a:80/ null");
  tiers.answered(givenReply(), 5 * MINUTE_MS);
  equal(tiers.next(5 * MINUTE_MS, WANTING).kind, "wait");
});

test("TrackerTiers is content with a tracker that knows of nobody if no peers are wanted", () => {
  const tiers = given([["http://a/"], ["http://b/"]]);
  asked(tiers, 0);
  tiers.answered(givenReply({ peers: [] }), 0);
  deepEqual(tiers.next(0, CONTENT), { kind: "wait", untilMs: 30 * MINUTE_MS });
});

test("TrackerTiers tells of the end at once, once, and only whom it told of the beginning", () => {
  const tiers = given([["http://a/"], ["http://b/"], ["http://c/"]]);
  asked(tiers, 0);
  tiers.answered(givenReply({ peers: [], trackerId: Uint8Array.of(7) }), 0);
  asked(tiers, 0);
  tiers.answered(givenReply(), 0);
  tiers.completed(1);
  tiers.completed(1);
  const step = tiers.next(1, CONTENT);
  deepEqual(step.kind === "announce" && [step.event, step.trackerId], [
    "completed",
    Uint8Array.of(7),
  ]);
  tiers.failed(FAILURE, 1);
  equal(asked(tiers, 1, CONTENT), "http://b:80/ completed");
  tiers.answered(givenReply(), 1);
  equal(asked(tiers, MINUTE_MS, CONTENT), "http://a:80/ completed");
  tiers.answered(givenReply(), MINUTE_MS);
  deepEqual(tiers.next(MINUTE_MS, CONTENT), { kind: "wait", untilMs: 31 * MINUTE_MS });
  equal(asked(tiers, 31 * MINUTE_MS, CONTENT), "http://a:80/ null");
});

test("TrackerTiers tells of the end after an announce that was under way meanwhile", () => {
  const tiers = given([["http://a/"]]);
  asked(tiers, 0);
  tiers.completed(0);
  tiers.answered(givenReply(), 1);
  equal(asked(tiers, 1, CONTENT), "http://a:80/ completed");
});

test("TrackerTiers tells nobody of the end who was first told after it", () => {
  const tiers = given([["http://a/"]]);
  tiers.completed(0);
  equal(asked(tiers, 0, CONTENT), "http://a:80/ started");
  tiers.answered(givenReply(), 0);
  deepEqual(tiers.next(0, CONTENT), { kind: "wait", untilMs: 30 * MINUTE_MS });
});

test("TrackerTiers of a seed asks one tracker of every tier, each at its own interval", () => {
  const tiers = given([["http://a/"], ["http://b/", "http://c/"], ["http://d/"]]);
  asked(tiers, 0);
  tiers.answered(givenReply(), 0);
  tiers.seed(1);
  equal(asked(tiers, 1, CONTENT), "http://a:80/ completed");
  tiers.answered(givenReply({ intervalMs: 60 * MINUTE_MS }), 1);
  equal(asked(tiers, 1, CONTENT), "http://b:80/ started");
  tiers.failed(FAILURE, 1);
  equal(asked(tiers, 1, CONTENT), "http://c:80/ started");
  tiers.answered(givenReply(), 1);
  equal(asked(tiers, 1, CONTENT), "http://d:80/ started");
  tiers.failed({ reason: "no", retryInMs: "never" }, 1);
  // Nobody knows of peers, and peers are wanted: a seed keeps to the intervals all the same.
  deepEqual(tiers.next(1, WANTING), { kind: "wait", untilMs: 30 * MINUTE_MS + 1 });
  equal(asked(tiers, 30 * MINUTE_MS + 1, CONTENT), "http://c:80/ null");
  tiers.failed(FAILURE, 30 * MINUTE_MS + 1);
  equal(asked(tiers, 30 * MINUTE_MS + 1, CONTENT), "http://b:80/ started");
  tiers.answered(givenReply(), 30 * MINUTE_MS + 1);
  deepEqual(tiers.next(30 * MINUTE_MS + 1, CONTENT), { kind: "wait", untilMs: 60 * MINUTE_MS + 1 });
  deepEqual(
    tiers.stop().map(({ tracker }) => tracker.host),
    ["a", "b", "c"],
  );
});

test("TrackerTiers of what was a seed from the start tells nobody of an end", () => {
  const tiers = given([["http://a/"]]);
  tiers.seed(0);
  equal(asked(tiers, 0, CONTENT), "http://a:80/ started");
  tiers.answered(givenReply(), 0);
  deepEqual(tiers.next(0, CONTENT), { kind: "wait", untilMs: 30 * MINUTE_MS });
  equal(tiers.status()[0]?.nextAtMs, 30 * MINUTE_MS);
  equal(asked(tiers, 30 * MINUTE_MS, CONTENT), "http://a:80/ null");
});

test("TrackerTiers says stopped to those that it told started", () => {
  const tiers = given([["http://a/"], ["http://b/"], ["http://c/"]]);
  asked(tiers, 0);
  tiers.failed(FAILURE, 0);
  asked(tiers, 0);
  tiers.answered(givenReply(), 0);
  const steps = tiers.stop();
  deepEqual(
    steps.map(({ tracker, event }) => `${tracker.href} ${event}`),
    ["http://b/ stopped"],
  );
  deepEqual(tiers.stop(), []);
  deepEqual(tiers.next(99 * MINUTE_MS, WANTING), { kind: "wait", untilMs: null });
});

test("TrackerTiers says what it knows of each tracker", () => {
  const tiers = given([["http://a/"], ["http://b/"], ["http://c/"]]);
  asked(tiers, 0);
  tiers.failed(FAILURE, 0);
  asked(tiers, 0);
  tiers.answered(givenReply({ warning: "move on" }), 0);
  const shown = tiers.status().map(({ tracker, ...rest }) => ({ host: tracker.host, ...rest }));
  const unknown = { seeders: null, leechers: null };
  deepEqual(shown, [
    { host: "a", tier: 0, state: "failing", reason: FAILURE.reason, ...unknown, nextAtMs: 11_250 },
    {
      host: "b",
      tier: 1,
      state: "answering",
      reason: "move on",
      seeders: 2,
      leechers: 1,
      nextAtMs: 30 * MINUTE_MS,
    },
    { host: "c", tier: 2, state: "unasked", reason: null, ...unknown, nextAtMs: 0 },
  ]);
});

test("TrackerTiers shuffles each tier, and leaves out what it cannot ask or has already", () => {
  const last = { below: (n: number) => n - 1 };
  const texts = ["http://a/", "wss://b/", "udp://c:1", "HTTP://A:80/#x", "http://d/"];
  const tiers = new TrackerTiers([texts, ["http://a/"], [], ["http://e/"]], last, 0);
  const shown = tiers.status().map(({ tracker, tier }) => `${tier} ${tracker.host}`);
  deepEqual(shown, ["0 d", "0 c", "0 a", "1 e"]);
});

test("TrackerTiers without trackers waits for ever", () => {
  deepEqual(given([["nonsense"]]).next(0, WANTING), { kind: "wait", untilMs: null });
});

function given(tiers: readonly (readonly string[])[]): TrackerTiers {
  return new TrackerTiers(tiers, firstChance, 0);
}

/** Whom it asks now, and with what event. */
function asked(tiers: TrackerTiers, nowMs: number, options = WANTING as Wanting): string {
  const step = tiers.next(nowMs, options);
  if (step.kind === "wait") return `nobody until ${step.untilMs}`;
  const { scheme, host, port, pathAndQuery } = step.tracker;
  return `${scheme}://${host}:${port}${pathAndQuery} ${step.event}`;
}

type Wanting = { readonly wantsPeers: boolean };
