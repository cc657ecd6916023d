import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { keepWaiting } from "./keep-waiting.ts";

class GivenWait {
  readonly clock = new VirtualClock();
  readonly result: PromiseWithResolvers<string> = Promise.withResolvers();
  readonly chunks: AsyncGenerator<Uint8Array, string, void>;

  constructor(maxMs: number) {
    const tooLong = (): Error => new Error("too long");
    const patience = { clock: this.clock, everyMs: 100, maxMs, tooLong };
    this.chunks = keepWaiting(this.result.promise, patience);
  }

  /** What comes next, once so long has passed. */
  async next(afterMs: number): Promise<IteratorResult<Uint8Array, string>> {
    const next = this.chunks.next();
    await turn();
    this.clock.advance(afterMs);
    return await next;
  }
}

test("keepWaiting() gives a result that is there at once, and nothing before it", async () => {
  const given = new GivenWait(1_000);
  given.result.resolve("it");
  deepEqual(await given.next(0), { done: true, value: "it" });
});

test("keepWaiting() gives an empty chunk after every silence", async () => {
  const given = new GivenWait(1_000);
  for (let chunk = 0; chunk < 3; chunk += 1) {
    const { done, value } = await given.next(100);
    deepEqual([done, value], [false, new Uint8Array(0)]);
  }
  given.result.resolve("it");
  deepEqual(await given.next(0), { done: true, value: "it" });
  equal(given.clock.nowMs(), 300);
});

test("keepWaiting() has an end", async () => {
  const given = new GivenWait(250);
  await given.next(100);
  await given.next(100);
  await rejects(given.next(50), { message: "too long" });
  // Nobody waits for it any more, and it must not end the process.
  given.result.reject(new Error("failed late"));
  await turn();
});

test("keepWaiting() rejects as what is waited for does", async () => {
  const given = new GivenWait(250);
  await given.next(100);
  const next = rejects(given.chunks.next(), { message: "no" });
  given.result.reject(new Error("no"));
  await next;
});
