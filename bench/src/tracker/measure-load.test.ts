import { equal, ok, rejects } from "node:assert/strict";
import type { TestContext } from "node:test";
import { realPartTest } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import type { TrackerMeasured } from "./load-spec.ts";
import { loadCommand } from "./measure-rows.ts";
import { startTracker } from "./tracker-process.ts";
import { type Clients, clientsOf } from "./tracker-rows.ts";

const MEASURED_MS_MAX = 60_000;

const settings = { swarms: 20, workers: 1, otlpUrl: null };

/** Starts opentracker with twenty swarms, announces to `swarms` of them, and gives the figures. */
async function measured(t: TestContext, clients: Clients, swarms = 20): Promise<TrackerMeasured> {
  const running = new AsyncDisposableStack();
  t.after(() => running.disposeAsync());
  const tracker = await startTracker({ kind: "opentracker" }, settings, running);
  const clientsHere = clientsOf(clients, tracker);
  if (clientsHere === null) throw new Error("opentracker has no such address");
  const spec = {
    ...{ clients: clientsHere, serverPid: tracker.pid, swarms, numWant: 50, firstSource: 0 },
    ...{ exact: true, fresh: true, perSecond: null, sleeps: true },
    ...{ warm: [{ announces: 500 }], measure: { announces: 20_000 } },
  };
  const load = BenchProcess.start(loadCommand("the test's load", spec), running);
  return (await load.event("measured", MEASURED_MS_MAX)) as unknown as TrackerMeasured;
}

realPartTest(["opentracker"], "a load announces by UDP and checks every answer", async (t) => {
  const { announces, lost, peers } = await measured(t, { kind: "udp", sockets: 4 });
  ok(announces + lost >= 20_000);
  // Twenty-five peers were in each swarm before, and soon there are more than fifty.
  ok(peers > 40 * announces);
});

realPartTest(["opentracker"], "a load announces by HTTP, a connection each", async (t) => {
  const { announces, lost, opened } = await measured(t, {
    kind: "http",
    keepAlive: false,
    connections: 64,
  });
  ok(announces + lost >= 20_000);
  equal(opened >= announces, true);
});

realPartTest(["opentracker"], "a load ends with the first answer that is wrong", async (t) => {
  const unknown = measured(t, { kind: "http", keepAlive: false, connections: 64 }, 21);
  await rejects(unknown, { name: new BenchError().name, message: /not authorized/ });
});
