import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { contentUnreadable } from "@seedfleet/content";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { firstAnswer } from "./first-answer.ts";

const NEVER = new AbortController().signal;

type Begun = PromiseWithResolvers<string> & { readonly signal: AbortSignal };

/** Attempts that are told by a test how they end. */
class GivenAttempts {
  readonly clock = new VirtualClock();
  readonly begun: Begun[] = [];
  readonly slow: number[] = [];

  run(count: number, signal: AbortSignal = NEVER): Promise<string> {
    const attempts = Array.from({ length: count }, (_, index) => ({
      run: (stop: AbortSignal) => {
        const begun = { ...Promise.withResolvers<string>(), signal: stop };
        this.begun.push(begun);
        return begun.promise;
      },
      slow: () => void this.slow.push(index),
    }));
    return firstAnswer(attempts, { clock: this.clock, hedgeMs: 100, signal });
  }

  async fail(index: number): Promise<void> {
    this.begun[index]?.reject(contentUnreadable(`/${index}`, "no"));
    await turn();
  }
}

test("firstAnswer() makes one attempt where that answers in time", async () => {
  const given = new GivenAttempts();
  const answer = given.run(3);
  given.clock.advance(99);
  given.begun[0]?.resolve("first");
  equal(await answer, "first");
  given.clock.advance(1_000);
  deepEqual([given.begun.length, given.slow], [1, []]);
});

test("firstAnswer() makes the next attempt at once when one fails", async () => {
  const given = new GivenAttempts();
  const answer = given.run(3);
  await given.fail(0);
  await given.fail(1);
  given.begun[2]?.resolve("third");
  equal(await answer, "third");
  deepEqual([given.clock.nowMs(), given.slow], [0, []]);
});

test("firstAnswer() makes the next attempt beside one that is slow", async () => {
  const given = new GivenAttempts();
  const answer = given.run(3);
  given.clock.advance(100);
  given.clock.advance(99);
  equal(given.begun.length, 2);
  given.clock.advance(1);
  deepEqual([given.begun.length, given.slow], [3, [0, 1]]);
  given.begun[1]?.resolve("second");
  equal(await answer, "second");
  deepEqual(
    given.begun.map(({ signal }) => signal.aborted),
    [true, true, true],
  );
});

test("firstAnswer() takes the slow one's answer where that comes first after all", async () => {
  const given = new GivenAttempts();
  const answer = given.run(2);
  given.clock.advance(100);
  given.begun[0]?.resolve("first");
  equal(await answer, "first");
  // What comes of the other is no matter any more.
  await given.fail(1);
});

test("firstAnswer() rejects with all failures once all have failed", async () => {
  const given = new GivenAttempts();
  const answer = given.run(2);
  given.clock.advance(100);
  const rejected = rejects(answer, (error) => {
    equal(error instanceof AggregateError && error.errors.length, 2);
    return true;
  });
  await given.fail(1);
  await given.fail(0);
  await rejected;
});

test("firstAnswer() does not hide a mistake behind another attempt", async () => {
  const given = new GivenAttempts();
  const answer = given.run(2);
  given.begun[0]?.reject(new TypeError("ours"));
  await rejects(answer, TypeError);
  equal(given.begun.length, 1);
});

test("firstAnswer() ends with its asker, and begins nothing more", async () => {
  const given = new GivenAttempts();
  const leaving = new AbortController();
  const answer = given.run(3, leaving.signal);
  leaving.abort(new Error("gone"));
  await rejects(answer, { message: "gone" });
  equal(given.begun[0]?.signal.aborted, true);
  await given.fail(0);
  given.clock.advance(1_000);
  equal(given.begun.length, 1);
  await rejects(given.run(1, leaving.signal), { message: "gone" });
});
