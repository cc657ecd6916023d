import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { watchPresence } from "@seedfleet/fleet";
import { systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { startNatsServer } from "@seedfleet/testkit";
import { BenchProcess } from "../bench-process.ts";
import { publishFile } from "../fleet/publish-file.ts";
import type { FillContent } from "./fill-content.ts";
import type { StoreSpec } from "./fill-spec.ts";

const APPS = new URL("../../../apps/", import.meta.url);
const PIECE_STORE = fileURLToPath(new URL("piece-store/src/main.ts", APPS));

const HOLDER = "bench";

/** Hashing is no part of a start: nothing has been published yet. */
const READY_MS_MAX = 30_000;

/** A real nats-server, and on it a piece-store process that has published the content. */
export async function startStore(
  { directory, contentFile, pieceLengthBytes }: FillContent,
  running: AsyncDisposableStack,
): Promise<StoreSpec> {
  const pidFile = join(directory, "nats.pid");
  const nats = await startNatsServer(["-P", pidFile]);
  running.defer(() => nats.stop());

  const options = { servers: [nats.url], user: null, password: null, token: null };
  const ports = { clock: systemClock, telemetry: silentTelemetry };
  const bus = await connectBus(options, { ...ports, name: "bench" });
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
      SEEDFLEET_PIECE_STORE_ROOTS: contentFile,
      // Nothing but fills shall be read.
      SEEDFLEET_PIECE_STORE_SCRUB_BYTES_PER_SECOND: "0",
    },
  };
  const store = BenchProcess.start(command, running);
  // It tells the fleet that it is there, and nobody else; the event only fails when it ends.
  await Promise.race([presence.first("piece-store"), store.event("ready", READY_MS_MAX)]);
  presence.stop();
  return {
    bus: "nats",
    url: nats.url,
    infoHash: await publishFile(bus, { holder: HOLDER, contentFile, pieceLengthBytes }),
    natsPid: Number(await readFile(pidFile, "utf8")),
    storePid: store.pid,
  };
}
