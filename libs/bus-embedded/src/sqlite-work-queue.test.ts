import { deepEqual, equal, rejects } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { type BusTransport, JOB_RETRY_DELAY_MS_MAX, type QueuedJob } from "@seedfleet/bus";
import { errorCode } from "@seedfleet/runtime";
import { advanceUntil, Gathered, turn, VirtualClock } from "@seedfleet/testkit";
import { DeliveryQueue } from "./delivery-queue.ts";
import { openEmbeddedBus } from "./embedded-bus.ts";
import { openDatabase } from "./open-database.ts";
import { SqliteWorkQueue } from "./sqlite-work-queue.ts";

function givenFile(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "seedfleet-queue-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "bus.db");
}

function jobText({ payload, attempt }: QueuedJob): string {
  return `${Buffer.from(payload)} ${attempt}`;
}

/** Gathers the jobs of lane "a" as `payload attempt`, finishes each, and resolves at so many. */
async function jobsOf(bus: BusTransport, count: number): Promise<readonly string[]> {
  const handed = new Gathered<string>();
  const queue = await bus.workQueue("q");
  await queue.work("a", { atOnceMax: 1 }, async (job) => handed.add(jobText(job)));
  return await handed.count(count);
}

/** Fails every job of lane "a", and says which attempt was when. */
async function failing(bus: BusTransport, clock: VirtualClock): Promise<Gathered<string>> {
  const handed = new Gathered<string>();
  const queue = await bus.workQueue("q");
  await queue.work("a", { atOnceMax: 1 }, async ({ attempt }) => {
    handed.add(`${attempt} at ${clock.nowMs()}`);
    throw new Error("a bug");
  });
  return handed;
}

test("jobs at hand in a process that was killed are handed out again at once", async (t) => {
  const file = givenFile(t);
  const script = `
    const { openEmbeddedBus } = await import(${JSON.stringify(import.meta.resolve("./index.ts"))});
    const queue = await openEmbeddedBus({ file: ${JSON.stringify(file)} }).workQueue("q");
    for (const text of ["0", "1", "2"]) await queue.enqueue("a", Buffer.from(text));
    await queue.work("a", { atOnceMax: 2 }, ({ payload, attempt }) => {
      console.log(Buffer.from(payload).toString(), attempt);
      return new Promise(() => {});
    });
    setInterval(() => {}, 1_000);`;
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio });
  const exited = once(child, "exit");
  t.after(() => child.kill("SIGKILL"));
  const said = new Gathered<string>();
  createInterface(child.stdout).on("line", said.add);
  deepEqual(await said.count(2), ["0 1", "1 1"]);
  child.kill("SIGKILL");
  await exited;

  const bus = openEmbeddedBus({ file });
  t.after(() => bus.close());
  deepEqual(await jobsOf(bus, 3), ["0 2", "1 2", "2 1"]);
});

test("close() gives jobs at hand back, and what is done is not handed out again", async (t) => {
  const file = givenFile(t);
  const bus = openEmbeddedBus({ file });
  const queue = await bus.workQueue("q");
  for (const text of ["0", "1", "2"]) await queue.enqueue("a", Buffer.from(text));
  const signals = new Gathered<AbortSignal>();
  await queue.work("a", { atOnceMax: 1 }, ({ payload, signal }) => {
    if (String(Buffer.from(payload)) === "0") return Promise.resolve();
    signals.add(signal);
    return new Promise(() => {});
  });
  const [signal] = await signals.count(1);
  await bus.close();
  equal(errorCode(signal?.reason), "bus-aborted");

  const after = openEmbeddedBus({ file });
  t.after(() => after.close());
  deepEqual(await jobsOf(after, 2), ["1 2", "2 1"]);
});

test("a job that fails comes after 1, 2, 4 … seconds, also when the bus was closed", async (t) => {
  const file = givenFile(t);
  const clock = new VirtualClock();
  const bus = openEmbeddedBus({ file }, { clock });
  await (await bus.workQueue("q")).enqueue("a", Buffer.from("bad"));
  const handed = await failing(bus, clock);
  await advanceUntil(clock, 100, handed.count(4));
  deepEqual(handed.items, ["1 at 0", "2 at 1000", "3 at 3000", "4 at 7000"]);
  await turn();
  await bus.close();

  const after = openEmbeddedBus({ file }, { clock });
  t.after(() => after.close());
  const again = await failing(after, clock);
  deepEqual(await advanceUntil(clock, 100, again.count(1)), ["5 at 15000"]);
});

test("a job waits no longer than the longest delay when the clock was set back", async (t) => {
  const file = givenFile(t);
  const late = new VirtualClock();
  late.advance(1_000_000_000);
  const bus = openEmbeddedBus({ file }, { clock: late });
  await (await bus.workQueue("q")).enqueue("a", Buffer.from("bad"));
  await (await failing(bus, late)).count(1);
  await turn();
  await bus.close();

  const clock = new VirtualClock();
  const after = openEmbeddedBus({ file }, { clock });
  t.after(() => after.close());
  const again = await failing(after, clock);
  const handed = await advanceUntil(clock, 1_000, again.count(1));
  deepEqual(handed, [`2 at ${JOB_RETRY_DELAY_MS_MAX}`]);
});

test("a job that is done is written down when the database can be written to again", async (t) => {
  const { database, clock, queue } = givenQueue(t);
  await queue.enqueue("a", Buffer.from("0"));
  await queue.enqueue("a", Buffer.from("1"));
  const handed = new Gathered<string>();
  const { promise: held, resolve: finish } = Promise.withResolvers<void>();
  await queue.work("a", { atOnceMax: 1 }, async (job) => {
    handed.add(jobText(job));
    await held;
  });
  await handed.count(1);
  database.exec("PRAGMA query_only = ON");
  finish();
  const refused = queue.enqueue("a", Buffer.from("2"));
  await rejects(refused, (error) => errorCode(error) === "bus-store-failed");
  clock.advance(60_000);
  await turn();
  database.exec("PRAGMA query_only = OFF");
  await advanceUntil(clock, 1_000, handed.count(2));
  deepEqual(handed.items, ["0 1", "1 1"]);
  await turn();
  equal(database.prepare("SELECT count(*) AS count FROM job").get()?.["count"], 0);
});

test("jobs are handed out when the database can be written to again", async (t) => {
  const { database, clock, queue, deliveries } = givenQueue(t);
  await queue.enqueue("a", Buffer.from("0"));
  database.exec("PRAGMA query_only = ON");
  const handed = new Gathered<string>();
  await queue.work("a", { atOnceMax: 1 }, async (job) => handed.add(jobText(job)));
  await deliveries.caughtUp();
  deepEqual(handed.items, []);
  database.exec("PRAGMA query_only = OFF");
  deepEqual(await advanceUntil(clock, 1_000, handed.count(1)), ["0 1"]);
});

/** A queue whose database the test can make read-only, as a full disk does. */
function givenQueue(t: TestContext) {
  const database = openDatabase(givenFile(t));
  const clock = new VirtualClock();
  const deliveries = new DeliveryQueue();
  const ports = { database, queue: deliveries, clock };
  const queue = new SqliteWorkQueue(ports, { name: "q", payloadBytesMax: 1_000 });
  t.after(() => {
    queue.close();
    database.close();
  });
  return { database, clock, queue, deliveries };
}
