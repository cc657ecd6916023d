import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bus } from "@seedfleet/bus";
import { watchPresence } from "@seedfleet/fleet";
import { systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { startNatsServer } from "@seedfleet/testkit";
import { BenchProcess } from "../bench-process.ts";

const PIECE_STORE = fileURLToPath(
  new URL("../../../apps/piece-store/src/main.ts", import.meta.url),
);

/** The piece-store's name. */
export const HOLDER = "bench";

/** Hashing is no part of a start: nothing has been published yet. */
const READY_MS_MAX = 30_000;

export type StoreOverNats = {
  readonly bus: Bus;
  readonly url: string;
  readonly natsPid: number;
  readonly storePid: number;
};

/** A real nats-server, with its notes in the directory, and on it a piece-store process. */
export async function startStoreOverNats(
  directory: string,
  env: Readonly<Record<string, string>>,
  running: AsyncDisposableStack,
): Promise<StoreOverNats> {
  const pidFile = join(directory, "nats.pid");
  const nats = await startNatsServer(["-P", pidFile]);
  running.defer(() => nats.stop());
  const account = { servers: [nats.url], user: null, password: null, token: null };
  const ports = { clock: systemClock, telemetry: silentTelemetry };
  const bus = await connectBus(account, { ...ports, name: "bench" });
  running.defer(() => bus.close());
  const presence = watchPresence({ bus, clock: systemClock }, ["piece-store"]);
  const command = {
    name: "piece-store",
    program: process.execPath,
    args: [PIECE_STORE],
    env: {
      SEEDFLEET_ID: HOLDER,
      SEEDFLEET_LOG_LEVEL: "warn",
      SEEDFLEET_NATS_URL: nats.url,
      // Nothing but what is measured shall be read.
      SEEDFLEET_PIECE_STORE_SCRUB_BYTES_PER_SECOND: "0",
      ...env,
    },
  };
  const store = BenchProcess.start(command, running);
  // It tells the fleet that it is there, and nobody else; the event only fails when it ends.
  await Promise.race([presence.first("piece-store"), store.event("ready", READY_MS_MAX)]);
  presence.stop();
  const natsPid = Number(await readFile(pidFile, "utf8"));
  return { bus, url: nats.url, natsPid, storePid: store.pid };
}
