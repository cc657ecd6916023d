import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, metricIn, readMetrics, whenReady } from "../admin-port.ts";
import { BenchProcess } from "../bench-process.ts";
import { HOLDER, type SmallFiles } from "../fleet/small-files.ts";
import { cpuSeconds, residentBytes } from "../process-usage.ts";
import type { KnownCase } from "./known-options.ts";

const APPS = fileURLToPath(new URL("../../../apps", import.meta.url));

const READY_MS_MAX = 600_000;

/** What is started: with which catalog, and on which content. */
export type KnownStart = {
  readonly name: KnownCase;
  readonly content: SmallFiles;
  /** The bus of a piece-store, and the data directory of `up`. */
  readonly natsUrl: string;
  readonly dataDirectory: string;
  readonly told: boolean;
};

export type Started = {
  /** From the start of the process until `/readyz` says so. */
  readonly readySeconds: number;
  /** What all its threads have used by then: a busy machine changes it little. */
  readonly cpuSeconds: number;
  /** Until it has told of every torrent; null where that is not waited for. */
  readonly toldSeconds: number | null;
  readonly torrents: number;
  readonly hashedBytes: number;
  readonly residentBytes: number;
};

/** Starts the process, waits until it is ready, looks at its metrics, and ends it. */
export async function measureStart(
  start: KnownStart,
  running: AsyncDisposableStack,
): Promise<Started> {
  const port = await freePort();
  const command = commandOf(start, port);
  const beganMs = performance.now();
  const seconds = (): number => (performance.now() - beganMs) / 1_000;
  await using child = BenchProcess.start(command, running);
  const ended = child.event("never told", READY_MS_MAX);
  ended.catch(() => {});
  await Promise.race([whenReady(port), ended]);
  const readySeconds = seconds();
  const { user, system } = cpuSeconds(child.pid);
  const toldSeconds = start.told ? await child.event("ready", READY_MS_MAX).then(seconds) : null;
  const metrics = await readMetrics(port);
  return {
    ...{ readySeconds, cpuSeconds: user + system, toldSeconds },
    torrents: metricIn(metrics, "seedfleet_piece_store_torrents") ?? 0,
    // A counter that was never added to is not there.
    hashedBytes: metricIn(metrics, "seedfleet_piece_store_hashed_bytes_total") ?? 0,
    residentBytes: residentBytes(child.pid).total,
  };
}

function commandOf({ name, content, natsUrl, dataDirectory }: KnownStart, adminPort: number) {
  const settings = {
    SEEDFLEET_ADMIN_PORT: String(adminPort),
    SEEDFLEET_LOG_LEVEL: "warn",
  };
  if (name === "store") {
    const env = {
      ...settings,
      SEEDFLEET_ID: HOLDER,
      SEEDFLEET_NATS_URL: natsUrl,
      SEEDFLEET_PIECE_STORE_ROOTS: content.directory,
    };
    return { name, program: process.execPath, args: [join(APPS, "piece-store/src/main.ts")], env };
  }
  const freePorts = ["--peer-port", "--tracker-port", "--console-port"].flatMap((at) => [at, "0"]);
  const options = ["--json", ...freePorts, "--data-dir", dataDirectory];
  const args = [join(APPS, "cli/src/main.ts"), "up", ...content.paths, ...options];
  return { name, program: process.execPath, args, env: settings };
}
