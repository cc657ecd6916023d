import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  OFFENCE_FORGIVEN_MS,
  OFFENDERS_MAX,
  Offenders,
  REFUSAL_MS_MAX,
  REFUSAL_MS_MIN,
} from "./offenders.ts";

const MAX = 10;

test("Offenders.refuses() given one offence more than allowed does so for a while", () => {
  const offenders = new Offenders(MAX);
  offend(offenders, MAX, 0);
  equal(offenders.refuses("a", 0), false);
  offend(offenders, 1, 0);
  equal(offenders.refuses("a", 0), true);
  equal(offenders.refuses("b", 0), false);
  equal(offenders.refuses("a", REFUSAL_MS_MIN - 1), true);
  equal(offenders.refuses("a", REFUSAL_MS_MIN), false);
});

test("Offenders.refuses() given 0 offences refuses nobody", () => {
  const offenders = new Offenders(0);
  offend(offenders, 1_000, 0);
  equal(offenders.refuses("a", 0), false);
});

test("Offenders.offended() given no more than is forgiven meanwhile refuses nobody", () => {
  const offenders = new Offenders(MAX);
  for (let at = 0; at < 1_000; at += 1) {
    const nowMs = at * OFFENCE_FORGIVEN_MS;
    offend(offenders, 1, nowMs);
    equal(offenders.refuses("a", nowMs), false);
  }
});

test("Offenders.offended() after each refusal doubles the next, up to the longest", () => {
  const offenders = new Offenders(MAX);
  let nowMs = 0;
  for (const factor of [1, 2, 4, 8, 8]) {
    offend(offenders, MAX + 1, nowMs);
    // What was under way when it began.
    offend(offenders, 100, nowMs + 1);
    const refusedMs = factor * REFUSAL_MS_MIN;
    ok(offenders.refuses("a", nowMs + refusedMs - 1), `${factor}`);
    nowMs += refusedMs;
    ok(!offenders.refuses("a", nowMs), `${factor}`);
    // A refusal that is over leaves nothing but the length of the next.
    offend(offenders, MAX, nowMs);
    ok(!offenders.refuses("a", nowMs), `${factor}`);
    nowMs += MAX * OFFENCE_FORGIVEN_MS;
  }
  equal(8 * REFUSAL_MS_MIN, REFUSAL_MS_MAX);
});

test("Offenders.offended() long after a refusal begins anew", () => {
  const offenders = new Offenders(MAX);
  offend(offenders, MAX + 1, 0);
  const later = 1_000_000;
  offend(offenders, MAX + 1, later);
  equal(offenders.refuses("a", later + REFUSAL_MS_MIN), false);
});

test("Offenders.spare() has the gateway's own way to itself never refused", () => {
  const offenders = new Offenders(MAX);
  offend(offenders, MAX + 1, 0);
  offenders.spare("a");
  equal(offenders.refuses("a", 0), false);
});

test("Offenders forgets whose offence is the longest ago when there are too many", () => {
  const offenders = new Offenders(1);
  const name = (at: number): string => `origin-${at}`;
  for (let at = 0; at <= OFFENDERS_MAX; at += 1) {
    for (let time = 0; time < 2; time += 1) offenders.offended(name(at), 0);
  }
  equal(offenders.refuses(name(0), 0), false);
  equal(offenders.refuses(name(1), 0), true);
  equal(offenders.refuses(name(OFFENDERS_MAX), 0), true);
});

test("Offenders never lets more offences in than it allows and forgives", () => {
  const waits = fc.array(fc.nat(20_000), { minLength: 1, maxLength: 200, size: "max" });
  fc.assert(
    fc.property(waits, fc.integer({ min: 1, max: 20 }), (gaps, offencesMax) => {
      const offenders = new Offenders(offencesMax);
      let nowMs = 0;
      let letIn = 0;
      for (const gap of gaps) {
        nowMs += gap;
        if (offenders.refuses("a", nowMs)) continue;
        letIn += 1;
        offenders.offended("a", nowMs);
      }
      // Each refusal forgives those before, and lasts longer than they would have taken.
      const refusals = Math.ceil(nowMs / REFUSAL_MS_MIN) + 1;
      ok(letIn <= refusals * (offencesMax + 1) + nowMs / OFFENCE_FORGIVEN_MS);
    }),
  );
});

function offend(offenders: Offenders, times: number, nowMs: number): void {
  for (let time = 0; time < times; time += 1) offenders.offended("a", nowMs);
}
