import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { type BusTransport, JOB_EXPIRY_MS, type QueuedJob } from "@seedfleet/bus";
import { type Clock, errorCode, systemClock } from "@seedfleet/runtime";
import {
  Gathered,
  type NatsServer,
  skipWithout,
  startNatsServer,
  VirtualClock,
} from "@seedfleet/testkit";
import { connectNatsBus } from "./connect-nats-bus.ts";

/** What the server and a busy machine may take beyond the expiry. */
const SLACK_MS = 3_000;

async function givenServer(t: TestContext): Promise<NatsServer> {
  const nats = await startNatsServer();
  t.after(() => nats.stop());
  return nats;
}

async function givenBus(
  t: TestContext,
  { url }: NatsServer,
  clock: Clock = systemClock,
): Promise<BusTransport> {
  const reconnect = { delayMsMin: 5, delayMsMax: 50 };
  const bus = await connectNatsBus({ servers: [url], name: "test", reconnect }, { clock });
  t.after(() => bus.close());
  return bus;
}

async function givenManager(t: TestContext, { url }: NatsServer): Promise<JetStreamManager> {
  const nats = await connect({ servers: url });
  t.after(() => nats.close());
  return await jetstreamManager(nats);
}

async function become(bus: BusTransport, status: string): Promise<void> {
  const statuses = new Gathered<string>();
  bus.onStatus(statuses.add);
  if (bus.status !== status) await statuses.until((all) => all.at(-1) === status);
}

function jobText({ payload, attempt }: QueuedJob): string {
  return `${Buffer.from(payload)} ${attempt}`;
}

function imported(module: string): string {
  return JSON.stringify(import.meta.resolve(module));
}

/** A process of its own with a worker of lane "a" that never ends a job. */
async function givenWorkerProcess(t: TestContext, { url }: NatsServer) {
  const script = `
    const { connectNatsBus } = await import(${imported("./index.ts")});
    const { systemClock } = await import(${imported("@seedfleet/runtime")});
    const config = { servers: [${JSON.stringify(url)}], name: "killed" };
    const bus = await connectNatsBus(config, { clock: systemClock });
    const queue = await bus.workQueue("q");
    await queue.work("a", { atOnceMax: 1 }, ({ payload, attempt }) => {
      console.log(Buffer.from(payload).toString(), attempt);
      return new Promise(() => {});
    });
    console.log("ready");`;
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio });
  const exited = once(child, "exit");
  t.after(() => child.kill("SIGKILL"));
  const said = new Gathered<string>();
  createInterface(child.stdout).on("line", said.add);
  await said.until((lines) => lines.includes("ready"));
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  return { said, kill };
}

const tests: Readonly<Record<string, (t: TestContext) => Promise<void>>> = {
  "the job of a killed process is handed out again, one that is worked at is not": async (t) => {
    const nats = await givenServer(t);
    const queue = await (await givenBus(t, nats)).workQueue("q");
    const handed = new Gathered<string>();
    const { promise: held, resolve: finish } = Promise.withResolvers<void>();
    const handle = async (job: QueuedJob): Promise<void> => {
      handed.add(jobText(job));
      if (handed.items.length === 1) await held;
    };
    await queue.work("a", { atOnceMax: 1 }, handle);
    await queue.enqueue("a", Buffer.from("kept"));
    deepEqual(await handed.count(1), ["kept 1"]);

    const worker = await givenWorkerProcess(t, nats);
    await queue.enqueue("a", Buffer.from("killed"));
    await worker.said.until((lines) => lines.includes("killed 1"));
    const killedAtMs = performance.now();
    await worker.kill();
    await queue.work("a", { atOnceMax: 1 }, handle);
    // Without its renewals the first job would have expired before.
    deepEqual((await handed.count(2)).slice(1), ["killed 2"]);
    ok(performance.now() - killedAtMs <= JOB_EXPIRY_MS + SLACK_MS);
    finish();
  },

  "a job that was done when nobody could be told is handed out again": async (t) => {
    const nats = await givenServer(t);
    const bus = await givenBus(t, nats);
    const queue = await bus.workQueue("q");
    const { promise: held, resolve: finish } = Promise.withResolvers<void>();
    const handed = new Gathered<string>();
    await queue.work("a", { atOnceMax: 1 }, async ({ payload }) => {
      handed.add(String(Buffer.from(payload)));
      await held;
    });
    await queue.enqueue("a", Buffer.from("done"));
    await handed.count(1);
    await nats.kill();
    await become(bus, "disconnected");
    finish();
    await bus.close();
    await nats.restart();
    const again = await (await givenBus(t, nats)).workQueue("q");
    await again.work("a", { atOnceMax: 1 }, async ({ payload }) =>
      handed.add(String(Buffer.from(payload))),
    );
    deepEqual(await handed.count(2), ["done", "done"]);
  },

  "a worker that is cut off gives its job up when another may have it": async (t) => {
    const nats = await givenServer(t);
    const clock = new VirtualClock();
    const bus = await givenBus(t, nats, clock);
    const queue = await bus.workQueue("q");
    const handed = new Gathered<QueuedJob>();
    await queue.work("a", { atOnceMax: 1 }, async (job) => {
      handed.add(job);
      const { promise, reject } = Promise.withResolvers<void>();
      job.signal.addEventListener("abort", () => reject(job.signal.reason));
      await promise;
    });
    await queue.enqueue("a", Buffer.from("cut off"));
    const [job] = await handed.count(1);
    await nats.kill();
    await become(bus, "disconnected");
    clock.advance(JOB_EXPIRY_MS - 1);
    equal(job?.signal.aborted, false);
    clock.advance(1);
    equal(errorCode(job?.signal.reason), "bus-aborted");
    await nats.restart();
    await handed.count(2);
  },

  "no job is left in the stream by a restart of the server": async (t) => {
    const nats = await givenServer(t);
    const bus = await givenBus(t, nats);
    const queue = await bus.workQueue("q");
    const letGo = new Gathered<() => void>();
    await queue.work("a", { atOnceMax: 3 }, () => new Promise((resolve) => letGo.add(resolve)));
    for (const text of ["before", "meanwhile", "after"]) {
      await queue.enqueue("a", Buffer.from(text));
    }
    const [before, meanwhile, after] = await letGo.count(3);
    before?.();
    await nats.kill();
    await become(bus, "disconnected");
    meanwhile?.();
    await nats.restart();
    after?.();
    await become(bus, "connected");
    const { streams } = await givenManager(t, nats);
    // Each job that is done makes room for the next.
    for (const text of ["3", "4", "5"]) await queue.enqueue("a", Buffer.from(text));
    for (const finish of (await letGo.count(6)).slice(3)) finish();
    await bus.close();
    equal((await streams.info("QUEUE_q")).state.messages, 0);
  },

  "a worker makes its consumer anew when it is gone": async (t) => {
    const nats = await givenServer(t);
    const queue = await (await givenBus(t, nats)).workQueue("q");
    const handed = new Gathered<string>();
    await queue.work("a", { atOnceMax: 1 }, async (job) => handed.add(jobText(job)));
    await queue.enqueue("a", Buffer.from("0"));
    await handed.count(1);
    const { consumers } = await givenManager(t, nats);
    await consumers.delete("QUEUE_q", "a");
    await queue.enqueue("a", Buffer.from("1"));
    deepEqual(await handed.count(2), ["0 1", "1 1"]);
  },

  "what an operator has set for the stream stays, and loses no job": async (t) => {
    const nats = await givenServer(t);
    await (await givenBus(t, nats)).workQueue("q");
    const { streams } = await givenManager(t, nats);
    await streams.update("QUEUE_q", { max_msgs: 1 });
    const queue = await (await givenBus(t, nats)).workQueue("q");
    await queue.enqueue("a", Buffer.from("kept"));
    await rejects(
      queue.enqueue("a", Buffer.from("refused")),
      (error) => errorCode(error) === "bus-store-failed",
    );
    const handed = new Gathered<string>();
    await queue.work("a", { atOnceMax: 1 }, async (job) => handed.add(jobText(job)));
    deepEqual(await handed.count(1), ["kept 1"]);
    equal((await streams.info("QUEUE_q")).config.max_msgs, 1);
  },
};

// Most of these wait for the server's own clock, so they wait at the same time.
const options = { concurrency: true, skip: skipWithout(["nats-server"]) };
void describe("a work queue of NATS", options, () => {
  for (const [title, run] of Object.entries(tests)) void test(title, run);
});
