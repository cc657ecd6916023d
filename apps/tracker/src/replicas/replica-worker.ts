import assert from "node:assert/strict";
import { parentPort, workerData } from "node:worker_threads";
import { SeedfleetError, systemClock, systemRng } from "@seedfleet/runtime";
import { ReplicaHost } from "./replica-host.ts";
import type { FromReplica, ToReplica } from "./replica-messages.ts";
import { hostConfig, type WorkerStart } from "./replica-start.ts";

/** People look at metrics of seconds. */
const COUNTS_INTERVAL_MS = 1_000;

/** A replica in a thread (`ThreadLink` is its other end). */
assert(parentPort !== null);
const port = parentPort;
let told: FromReplica[] = [];

/** What is told in one turn of the event loop goes in one message. */
function tell(message: FromReplica): void {
  if (told.length === 0) {
    setImmediate(() => {
      port.postMessage(told, told.flatMap(handedOver));
      told = [];
    });
  }
  told.push(message);
}

/** Batches are many and nobody else has them here: they go as they are, without a copy. */
function handedOver(message: FromReplica): ArrayBuffer[] {
  if (message.kind !== "deltas") return [];
  const { buffer } = message.batch;
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}

async function listen(): Promise<ReplicaHost> {
  const { start, siblings } = workerData as WorkerStart;
  const { handout, ...config } = await hostConfig(start);
  const ports = { clock: systemClock, rng: systemRng, handout, tell, siblings };
  return ReplicaHost.listen(ports, config);
}

const host = await listen().catch((error: unknown) => {
  if (!(error instanceof SeedfleetError)) throw error;
  tell({ kind: "not-listening", message: error.message, detail: error.detail });
  return null;
});
if (host !== null) {
  port.on("message", (messages: readonly ToReplica[]) => {
    for (const message of messages) host.receive(message);
  });
  systemClock.every(COUNTS_INTERVAL_MS, () => tell({ kind: "counts", counts: host.counts }));
  tell({ kind: "listening", port: host.doors.port, udpPort: host.doors.udpPort });
}
