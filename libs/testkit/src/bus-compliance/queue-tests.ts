import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { JOB_EXPIRY_MS } from "@seedfleet/bus";
import { errorCode } from "@seedfleet/runtime";
import { Gathered, turn } from "../waiting.ts";
import { withCode } from "./call-tests.ts";
import type { BusTests } from "./fixture.ts";
import { enqueueAll, finishing, HeldJobs } from "./held-jobs.ts";
import { bytes } from "./store-tests.ts";

/** Jobs in lanes. */
export const queueTests: BusTests = {
  "jobs of a lane come in their order, also those from before the worker": async (bus) => {
    const there = await bus.asking.workQueue(bus.run);
    const here = await bus.serving.workQueue(bus.run);
    await enqueueAll(there, "a", ["0", "1", "2", "3", "4"]);
    const done = new Gathered<string>();
    const worker = await finishing(here, "a", done);
    await enqueueAll(there, "a", ["5", "6", ""]);
    deepEqual(await done.count(8), ["0", "1", "2", "3", "4", "5", "6", ""]);
    await worker.stop();
    await enqueueAll(there, "a", ["7"]);
    await finishing(there, "a", done);
    deepEqual((await done.count(9)).slice(8), ["7"]);
  },

  "lanes are apart, and so are queues": async ({ asking, serving, run }) => {
    const queue = await asking.workQueue(run);
    const other = await asking.workQueue(`${run}-other`);
    const held = new HeldJobs();
    await (await serving.workQueue(run)).work("a", { atOnceMax: 1 }, held.handle);
    const done = new Gathered<string>();
    await finishing(queue, "b", done);
    await enqueueAll(queue, "a", ["a0", "a1"]);
    await enqueueAll(other, "b", ["other"]);
    await held.nth(1);
    await enqueueAll(queue, "b", ["b0", "b1"]);
    deepEqual(await done.count(2), ["b0", "b1"]);
    deepEqual(held.texts(), ["a0"]);
    held.jobs.items[0]?.finish();
    (await held.nth(2)).finish();
    await finishing(other, "b", done);
    deepEqual((await done.count(3)).slice(2), ["other"]);
  },

  "a worker takes no more jobs at once than it says": async ({ asking, run }) => {
    const queue = await asking.workQueue(run);
    const held = new HeldJobs();
    await queue.work("a", { atOnceMax: 3 }, held.handle);
    await enqueueAll(queue, "a", ["0", "1", "2", "3", "4", "5"]);
    await held.jobs.count(3);
    for (let number = 1; number <= 6; number += 1) (await held.nth(number)).finish();
    deepEqual(held.texts(), ["0", "1", "2", "3", "4", "5"]);
    equal(held.atHandMost, 3);
  },

  "several workers share a lane, and a job is with one of them": async (bus) => {
    const there = await bus.asking.workQueue(bus.run);
    const here = await bus.serving.workQueue(bus.run);
    const [one, other] = [new HeldJobs(), new HeldJobs()];
    await there.work("a", { atOnceMax: 2 }, one.handle);
    await here.work("a", { atOnceMax: 2 }, other.handle);
    const texts = Array.from({ length: 40 }, (_, index) => String(index).padStart(2, "0"));
    await enqueueAll(there, "a", texts);
    await one.jobs.count(2);
    await other.jobs.count(2);
    const all = new Gathered<string>();
    const finishAll = async (held: HeldJobs): Promise<void> => {
      for (let number = 1; all.items.length < texts.length; number += 1) {
        const job = await Promise.race([held.nth(number), all.count(texts.length)]);
        if (!("finish" in job)) return;
        all.add(job.text);
        job.finish();
      }
    };
    await Promise.all([finishAll(one), finishAll(other)]);
    deepEqual(all.items.toSorted(), texts);
    deepEqual([one.atHandMost, other.atHandMost], [2, 2]);
  },

  "a job that fails is handed out again, later, and holds up nobody": async (bus) => {
    const queue = await bus.asking.workQueue(bus.run);
    const held = new HeldJobs();
    await queue.work("a", { atOnceMax: 1 }, held.handle);
    await enqueueAll(queue, "a", ["bad", "good"]);
    const failedAtMs = performance.now();
    (await held.nth(1)).fail(new Error("a bug"));
    (await held.nth(2)).finish();
    const again = await held.nth(3);
    // The server's clock and ours do not tick as one.
    ok(performance.now() - failedAtMs >= 900);
    deepEqual(held.texts(), ["bad", "good", "bad"]);
    deepEqual([held.jobs.items[0]?.attempt, held.jobs.items[1]?.attempt, again.attempt], [1, 1, 2]);
    again.finish();
    const { recorded } = bus.askingTelemetry;
    equal(recorded.total("seedfleet_bus_handler_failures"), 1);
  },

  "a handler that throws at once has failed, too": async ({ asking, run }) => {
    const queue = await asking.workQueue(run);
    const attempts = new Gathered<number>();
    await queue.work("a", { atOnceMax: 1 }, ({ attempt }) => {
      attempts.add(attempt);
      if (attempt === 1) throw new Error("a bug");
      return Promise.resolve();
    });
    await enqueueAll(queue, "a", ["bad"]);
    deepEqual(await attempts.count(2), [1, 2]);
  },

  "stop() aborts what is at hand, and another worker has it at once": async (bus) => {
    const there = await bus.asking.workQueue(bus.run);
    const here = await bus.serving.workQueue(bus.run);
    const [one, other] = [new HeldJobs(), new HeldJobs()];
    const worker = await there.work("a", { atOnceMax: 2 }, one.handle);
    await enqueueAll(there, "a", ["0", "1", "2"]);
    await one.jobs.count(2);
    const stopping = worker.stop();
    let stopped = false;
    void stopping.then(() => {
      stopped = true;
    });
    const [first, second] = one.jobs.items;
    deepEqual([first?.signal.aborted, second?.signal.aborted], [true, true]);
    equal(errorCode(first?.signal.reason), "bus-aborted");
    await here.work("a", { atOnceMax: 3 }, other.handle);
    // A handler that is done all the same is done; the job of one that is not stays with it.
    first?.finish();
    equal((await other.nth(1)).text, "2");
    ok(!stopped);
    second?.fail(new Error("told to stop"));
    await stopping;
    const again = await other.nth(2);
    deepEqual([again.text, again.attempt], ["1", 2]);
    for (const job of other.jobs.items) job.finish();
    equal(bus.askingTelemetry.recorded.total("seedfleet_bus_handler_failures"), 0);
    equal(one.jobs.items.length, 2);
    await worker.stop();
  },

  "workers that come and go hold up no job": async ({ asking, serving, run }) => {
    const there = await asking.workQueue(run);
    const here = await serving.workQueue(run);
    const texts = Array.from({ length: 60 }, (_, index) => String(index).padStart(2, "0"));
    const done = new Gathered<string>();
    const beganAtMs = performance.now();
    for (const text of texts) {
      const worker = await finishing(here, "a", done);
      const enqueued = there.enqueue("a", bytes(text));
      // A little later each time, so that the job is somewhere else on its way.
      for (let turns = 0; turns < texts.indexOf(text) % 6; turns += 1) await turn();
      await worker.stop();
      await enqueued;
    }
    await finishing(here, "a", done);
    deepEqual((await done.count(texts.length)).toSorted(), texts);
    // A job that got lost on its way would come only now.
    ok(performance.now() - beganAtMs < JOB_EXPIRY_MS);
  },

  "close() aborts what is at hand, waits for it, and gives it back": async (bus) => {
    const here = await bus.serving.workQueue(bus.run);
    const there = await bus.asking.workQueue(bus.run);
    const [one, other] = [new HeldJobs(), new HeldJobs()];
    await here.work("a", { atOnceMax: 1 }, one.handle);
    await enqueueAll(there, "a", ["0"]);
    const job = await one.nth(1);
    const closing = bus.serving.close();
    ok(job.signal.aborted);
    equal(bus.serving.status, "connected");
    job.fail(new Error("told to stop"));
    await closing;
    await rejects(here.enqueue("a", bytes("x")), withCode("bus-closed"));
    await rejects(here.work("a", { atOnceMax: 1 }, one.handle), withCode("bus-closed"));
    await rejects(bus.serving.workQueue(bus.run), withCode("bus-closed"));
    // Where both ends are one connection nobody is left; the adapter's own tests open it again.
    if (bus.asking.status !== "connected") return;
    await there.work("a", { atOnceMax: 1 }, other.handle);
    const again = await other.nth(1);
    equal(again.attempt, 2);
    again.finish();
  },

  "close() does not wait for ever for a handler that hears nothing": async (bus) => {
    const held = new HeldJobs();
    const queue = await bus.serving.workQueue(bus.run);
    await queue.work("a", { atOnceMax: 1 }, held.handle);
    await enqueueAll(await bus.asking.workQueue(bus.run), "a", ["0"]);
    const job = await held.nth(1);
    const closing = bus.serving.close();
    bus.clock.advance(5_000);
    await closing;
    if (bus.asking.status === "connected") {
      const closedAtMs = performance.now();
      const done = new Gathered<string>();
      await finishing(await bus.asking.workQueue(bus.run), "a", done);
      deepEqual(await done.count(1), ["0"]);
      // It was given back, and has not expired.
      ok(performance.now() - closedAtMs < JOB_EXPIRY_MS / 2);
    }
    job.finish();
  },

  "a queue refuses what is no job, no lane and no queue": async ({ asking, asker, run }) => {
    const queue = await asking.workQueue(run);
    const tooLarge = new Uint8Array(asker.payloadBytesMax + 1);
    await rejects(queue.enqueue("a", tooLarge), withCode("bus-payload-too-large"));
    const largest = tooLarge.subarray(1);
    await queue.enqueue("a", largest);
    const lengths = new Gathered<number>();
    await queue.work("a", { atOnceMax: 1 }, async ({ payload }) => lengths.add(payload.length));
    deepEqual(await lengths.count(1), [largest.length]);
    const handle = async (): Promise<void> => {};
    for (const wrong of ["", ".", "a.b", "a b", "a*", ">", "\u00fc", "x".repeat(65)]) {
      await rejects(queue.enqueue(wrong, bytes("1")), { code: "ERR_ASSERTION" }, wrong);
      await rejects(queue.work(wrong, { atOnceMax: 1 }, handle), { code: "ERR_ASSERTION" }, wrong);
      await rejects(asking.workQueue(wrong), { code: "ERR_ASSERTION" }, wrong);
    }
    for (const atOnceMax of [0, -1, 0.5, Number.NaN]) {
      await rejects(queue.work("a", { atOnceMax }, handle), { code: "ERR_ASSERTION" });
    }
  },
};
