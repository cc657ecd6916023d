import { equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BURST_MS, TokenBucket } from "./token-bucket.ts";

const cases = [
  { given: "a new bucket", spends: [], atMs: 0, tokens: 10_000 },
  { given: "an idle hour", spends: [], atMs: 3_600_000, tokens: 10_000 },
  { given: "a debt, half paid", spends: [{ atMs: 0, bytes: 20_000 }], atMs: 50, tokens: -5_000 },
  { given: "a debt, just paid", spends: [{ atMs: 0, bytes: 20_000 }], atMs: 100, tokens: 0 },
  {
    given: "bytes that were put back beyond its size",
    spends: [{ atMs: 0, bytes: -5_000 }],
    atMs: 1,
    tokens: 10_000,
  },
  {
    given: "a time before the last one",
    spends: [{ atMs: 100, bytes: 10_000 }],
    atMs: 50,
    tokens: 0,
  },
] as const;

for (const { given, spends, atMs, tokens } of cases) {
  test(`TokenBucket.refill() given ${given}`, () => {
    const bucket = new TokenBucket(100_000, 0);
    for (const spend of spends) {
      bucket.refill(spend.atMs);
      bucket.charge(spend.bytes);
    }
    equal(bucket.refill(atMs), tokens);
  });
}

const changes = [
  { given: "a lower limit and a debt: as many milliseconds", from: 100_000, to: 1_000, debt: -100 },
  { given: "a higher limit and a debt: as many bytes", from: 100_000, to: 1e6, debt: -10_000 },
  { given: "no limit any more", from: 100_000, to: null, debt: Number.POSITIVE_INFINITY },
  { given: "a limit where there was none: one burst", from: null, to: 1_000, debt: 100 },
] as const;

for (const { given, from, to, debt } of changes) {
  test(`TokenBucket.setRate() given ${given}`, () => {
    const bucket = new TokenBucket(from, 0);
    bucket.charge(20_000);
    bucket.setRate(to, 0);
    equal(bucket.tokens, debt);
  });
}

test("TokenBucket.setRate() keeps no more than the burst of the new limit", () => {
  const bucket = new TokenBucket(100_000, 0);
  bucket.setRate(1_000, 0);
  equal(bucket.tokens, (1_000 * BURST_MS) / 1_000);
});

test("TokenBucket lets nothing through at 0, for ever, until that changes", () => {
  const bucket = new TokenBucket(0, 0);
  equal(bucket.refill(1e9), 0);
  equal(bucket.readyAtMs, Number.POSITIVE_INFINITY);
  bucket.setRate(1_000, 1e9);
  ok(bucket.readyAtMs < 1e9 + BURST_MS);
});

test("TokenBucket refuses a limit that is none", () => {
  for (const limit of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    throws(() => new TokenBucket(limit, 0));
  }
});

test("TokenBucket.readyAtMs is when it is above zero again, and not much later", () => {
  const anyRate = fc.double({ min: 1, max: 1e10, noNaN: true });
  const anySpend = fc.double({ min: 0, max: 1e7, noNaN: true });
  fc.assert(
    fc.property(anyRate, anySpend, (bytesPerSecond, bytes) => {
      // As far from zero as the clock of a process is, so that fractions are as coarse.
      const nowMs = 1_790_000_000_000;
      const bucket = new TokenBucket(bytesPerSecond, nowMs);
      bucket.charge(bytes);
      const { readyAtMs } = bucket;
      ok(readyAtMs >= nowMs);
      if (bucket.tokens <= 0) ok(readyAtMs - 10 < nowMs - bucket.tokens / (bytesPerSecond / 1_000));
      ok(bucket.refill(readyAtMs) > 0);
    }),
  );
});
