import { deepEqual, equal, rejects } from "node:assert/strict";
import { Gathered } from "../waiting.ts";
import { withCode } from "./call-tests.ts";
import type { BusTests } from "./fixture.ts";
import { enqueueAll, finishing, HeldJobs } from "./held-jobs.ts";
import { bytes } from "./store-tests.ts";

/** Jobs, where the bus goes away as by kill -9 and comes back. */
export const queueOutageTests: BusTests = {
  "after an outage jobs are there, and workers go on": async (bus) => {
    const { asking, serving, outage, run } = bus;
    const there = await asking.workQueue(run);
    const done = new Gathered<string>();
    await finishing(await serving.workQueue(run), "a", done);
    await enqueueAll(there, "b", ["b0", "b1"]);
    await outage?.begin();
    await rejects(there.enqueue("a", bytes("x")), withCode("bus-disconnected"));
    const handle = async (): Promise<void> => {};
    await rejects(there.work("a", { atOnceMax: 1 }, handle), withCode("bus-disconnected"));
    await rejects(asking.workQueue(`${run}-new`), withCode("bus-disconnected"));
    await outage?.end();
    await enqueueAll(there, "a", ["a0"]);
    deepEqual(await done.count(1), ["a0"]);
    await finishing(there, "b", done);
    deepEqual(await done.count(3), ["a0", "b0", "b1"]);
  },

  "a job at hand when the bus goes away stays with its worker": async (bus) => {
    const { asking, serving, outage, run } = bus;
    const queue = await asking.workQueue(run);
    const held = new HeldJobs();
    const worker = await (await serving.workQueue(run)).work("a", { atOnceMax: 2 }, held.handle);
    await enqueueAll(queue, "a", ["0", "1"]);
    await held.jobs.count(2);
    await outage?.begin();
    // One ends while the bus cannot be told, one when it can again.
    held.jobs.items[0]?.finish();
    await outage?.end();
    await enqueueAll(queue, "a", ["2"]);
    const next = await held.nth(3);
    deepEqual([next.text, next.attempt], ["2", 1]);
    held.jobs.items[1]?.finish();
    next.finish();
    await worker.stop();
    equal(held.jobs.items.length, 3);
    const done = new Gathered<string>();
    await finishing(queue, "a", done);
    await enqueueAll(queue, "a", ["3"]);
    deepEqual(await done.count(1), ["3"]);
  },

  "a worker can be stopped, and the bus closed, while it is away": async (bus) => {
    const { asking, serving, outage, run } = bus;
    const held = new HeldJobs();
    const idle = await (await serving.workQueue(run)).work("b", { atOnceMax: 1 }, held.handle);
    const queue = await asking.workQueue(run);
    await queue.work("a", { atOnceMax: 1 }, held.handle);
    await enqueueAll(queue, "a", ["0"]);
    const job = await held.nth(1);
    await outage?.begin();
    await idle.stop();
    const closing = asking.close();
    job.fail(new Error("told to stop"));
    await closing;
    equal(asking.status, "closed");
    await outage?.end();
  },
};
