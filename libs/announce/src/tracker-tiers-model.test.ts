import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TRACKERS_TRIED_MAX } from "./announce-limits.ts";
import type { Chance } from "./chance.ts";
import { givenReply } from "./testing.ts";
import { type AnnounceStep, TrackerTiers } from "./tracker-tiers.ts";

type Outcome =
  | { readonly kind: "reply"; readonly intervalMs: number; readonly minIntervalMs: number | null }
  | { readonly kind: "failure"; readonly retryInMs: number | "never" | null };

type Turn = {
  readonly wantsPeers: boolean;
  readonly outcome: Outcome;
  readonly tookMs: number;
  readonly peers: number;
  readonly end: boolean;
  readonly seed: boolean;
};

const ms = fc.integer({ min: 60_000, max: 7_200_000 });

const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.tuple(ms, fc.option(ms)).map(([intervalMs, minIntervalMs]) => ({
    kind: "reply" as const,
    intervalMs: Math.max(intervalMs, minIntervalMs ?? 0),
    minIntervalMs,
  })),
  fc.oneof(fc.constant(null), fc.constant("never" as const), ms).map((retryInMs) => ({
    kind: "failure" as const,
    retryInMs,
  })),
);

const anyTurn: fc.Arbitrary<Turn> = fc.record({
  wantsPeers: fc.boolean(),
  outcome: anyOutcome,
  tookMs: fc.integer({ min: 0, max: 45_000 }),
  peers: fc.constantFrom(0, 3),
  end: fc.boolean(),
  seed: fc.boolean(),
});

const anyTiers = fc.array(fc.array(fc.nat({ max: 12 }), { maxLength: 4 }), { maxLength: 5 });

/** What a tracker could complain of. */
class Watched {
  /** Not to be asked before, without an event. */
  notBeforeMs = 0;
  isTold = false;
  ends = 0;
  never = false;
}

test("TrackerTiers never asks too soon, and tells each tracker a story that holds together", () => {
  fc.assert(
    fc.property(anyTiers, fc.array(anyTurn, { maxLength: 60 }), fc.nat(), (names, turns, seed) => {
      const texts = names.map((tier) => tier.map((name) => `udp://t${name}:1`));
      const tiers = new TrackerTiers(texts, chanceOf(seed), 0);
      const watched = new Map<string, Watched>();
      let nowMs = 0;
      for (const turn of turns) {
        if (turn.end) tiers.completed(nowMs);
        if (turn.end && turn.seed) tiers.seed(nowMs);
        let step = tiers.next(nowMs, turn);
        if (step.kind === "wait") {
          if (step.untilMs === null) break;
          ok(step.untilMs >= nowMs, "it waits for what has passed");
          nowMs = step.untilMs;
          step = tiers.next(nowMs, turn);
        }
        ok(step.kind === "announce", "it had named this time itself");
        const tracker = watched.get(step.tracker.href) ?? new Watched();
        watched.set(step.tracker.href, tracker);
        judge(tracker, step, nowMs);
        equal(tiers.next(nowMs, turn).kind, "wait", "one at a time");
        nowMs += turn.tookMs;
        tell(tiers, tracker, { step, turn, nowMs });
      }
      const stopped = new Set(tiers.stop().map(({ tracker }) => tracker.href));
      for (const [href, { isTold, never }] of watched) {
        equal(stopped.has(href), isTold && !never);
      }
    }),
  );
});

test("TrackerTiers of a seed is in a list of every tier that has a tracker which answers", () => {
  const anyTracker = fc.record({ answers: fc.boolean(), intervalMs: ms });
  const tiersOf = fc.array(fc.array(anyTracker, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
  fc.assert(
    fc.property(tiersOf, fc.nat(), (given, seed) => {
      const href = (tier: number, at: number): string => `udp://t${tier}x${at}:1`;
      const texts = given.map((tier, index) => tier.map((_, at) => href(index, at)));
      const behind = new Map(
        given.flatMap((tier, index) => tier.map((each, at) => [href(index, at), each] as const)),
      );
      const tiers = new TrackerTiers(texts, chanceOf(seed), 0);
      tiers.seed(0);
      const listedUntilMs = new Map<string, number>();
      let nowMs = 0;
      for (let turn = 0; turn < 200; turn += 1) {
        const step = tiers.next(nowMs, { wantsPeers: false });
        if (step.kind === "wait") {
          if (step.untilMs === null) return;
          for (const [index, tier] of given.entries()) {
            if (!tier.some(({ answers }) => answers)) continue;
            const until = tier.map((_, at) => listedUntilMs.get(href(index, at)) ?? 0);
            ok(Math.max(...until) > nowMs, "nobody of the tier has it in its list");
          }
          nowMs = step.untilMs;
          continue;
        }
        const tracker = behind.get(step.tracker.href);
        ok(tracker !== undefined);
        if (tracker.answers) {
          tiers.answered(givenReply({ intervalMs: tracker.intervalMs, peers: [] }), nowMs);
          listedUntilMs.set(step.tracker.href, nowMs + tracker.intervalMs);
        } else tiers.failed({ reason: "because", retryInMs: null }, nowMs);
      }
    }),
  );
});

test("TrackerTiers takes no more trackers than the limit", () => {
  const texts = Array.from({ length: 99 }, (_, index) => [`udp://t${index}:1`]);
  equal(new TrackerTiers(texts, chanceOf(1), 0).status().length, TRACKERS_TRIED_MAX);
});

function judge(tracker: Watched, { event }: AnnounceStep, nowMs: number): void {
  ok(!tracker.never, "it was never to be asked again");
  equal(event === "started", !tracker.isTold, "started comes first, until it is taken");
  if (event === "completed") equal(tracker.ends, 0, "the end comes once");
  else ok(nowMs >= tracker.notBeforeMs, "too soon");
}

function tell(
  tiers: TrackerTiers,
  tracker: Watched,
  told: { readonly step: AnnounceStep; readonly turn: Turn; readonly nowMs: number },
): void {
  const { step, turn, nowMs } = told;
  const { outcome } = turn;
  if (outcome.kind === "failure") {
    tiers.failed({ reason: "because", retryInMs: outcome.retryInMs }, nowMs);
    tracker.never = outcome.retryInMs === "never";
    const leastMs = typeof outcome.retryInMs === "number" ? outcome.retryInMs : 11_250;
    tracker.notBeforeMs = nowMs + leastMs;
    return;
  }
  const { intervalMs, minIntervalMs } = outcome;
  const peers = Array.from({ length: turn.peers }, () => ({ host: "192.0.2.1", port: 1 }));
  tiers.answered(givenReply({ peers, intervalMs, minIntervalMs }), nowMs);
  tracker.isTold = true;
  if (step.event === "completed") tracker.ends += 1;
  tracker.notBeforeMs = nowMs + (minIntervalMs ?? 60_000);
}

function chanceOf(seed: number): Chance {
  let state = seed;
  return {
    below(n) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % n;
    },
  };
}
