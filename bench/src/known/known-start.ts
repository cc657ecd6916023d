import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import { cpuSeconds, residentBytes } from "../process-usage.ts";
import { HOLDER, type KnownContent } from "./known-content.ts";
import type { KnownCase } from "./known-options.ts";

const APPS = fileURLToPath(new URL("../../../apps", import.meta.url));

const READY_MS_MAX = 600_000;

/** How often it is asked: it costs the process little beside its start, and the figure little. */
const ASK_EVERY_MS = 10;

/** What is started: with which catalog, and on which content. */
export type KnownStart = {
  readonly name: KnownCase;
  readonly content: KnownContent;
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
  await Promise.race([isReady(port), ended]);
  const readySeconds = seconds();
  const { user, system } = cpuSeconds(child.pid);
  const toldSeconds = start.told ? await child.event("ready", READY_MS_MAX).then(seconds) : null;
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
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

async function isReady(port: number): Promise<void> {
  while (true) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

/** The value of a metric in the text that Prometheus reads, over all its labels; null if absent. */
export function metricIn(text: string, name: string): number | null {
  const values = text
    .split("\n")
    .map((line) => /^([a-z_]+)(?:\{[^}]*\})? (\S+)/.exec(line))
    .filter((found) => found?.[1] === name)
    .map((found) => Number(found?.[2]));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await listening;
  const address = server.address();
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  server.close(() => close());
  await closed;
  if (address === null || typeof address === "string") throw new BenchError("there is no port");
  return address.port;
}
