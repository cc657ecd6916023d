import { chmod, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { realPart } from "@seedfleet/testkit";
import { freePort } from "../admin-port.ts";
import { BenchError } from "../bench-error.ts";
import { BenchProcess } from "../bench-process.ts";
import { makeDirectory } from "../content-file.ts";
import { OWN_CHECKOUT } from "../seeders/seedfleet-up.ts";
import type { HttpTarget } from "./http-requests.ts";
import type { SocketAddress } from "./libc.ts";
import { swarmHash } from "./swarm-names.ts";
import { httpTarget, type TrackerName, trackerLabel, udpAddress } from "./tracker-name.ts";

const HOST = "127.0.0.1";
const READY_MS_MAX = 60_000;
const ASK_EVERY_MS = 10;

/** What ours is told besides, so that no limit is what is measured. */
const NO_LIMITS = { SEEDFLEET_TRACKER_PEERS_MAX: "10000000", SEEDFLEET_LOG_LEVEL: "warn" };

/** A tracker that runs. */
export type Tracker = {
  readonly pid: number;
  readonly udp: SocketAddress | null;
  readonly http: HttpTarget | null;
  /** Where its metrics are; null of one that is not ours. */
  readonly adminUrl: string | null;
  /** Whether nobody has announced to it yet. */
  readonly fresh: boolean;
};

export type TrackerSettings = {
  readonly swarms: number;
  readonly workers: number;
  /** Where it sends traces; null of one that sends none. */
  readonly otlpUrl: string | null;
};

/** Starts a tracker anew, or takes the one that runs. */
export async function startTracker(
  name: TrackerName,
  settings: TrackerSettings,
  running: AsyncDisposableStack,
): Promise<Tracker> {
  if (name.kind === "running") return { ...name, adminUrl: null, fresh: false };
  if (name.kind === "opentracker") return await startOpentracker(settings, running);
  return await startSeedfleet(name, settings, running);
}

async function startSeedfleet(
  name: Extract<TrackerName, { kind: "seedfleet" }>,
  { workers, otlpUrl }: TrackerSettings,
  running: AsyncDisposableStack,
): Promise<Tracker> {
  const adminPort = await freePort();
  const command = {
    name: trackerLabel(name),
    program: process.execPath,
    args: [
      join(name.checkout ?? OWN_CHECKOUT, "apps/cli/src/main.ts"),
      ...["tracker", "--mode", "open", "--host", HOST, "--http-port", "0", "--udp-port", "0"],
      ...["--workers", String(workers), "--json"],
    ],
    env: {
      ...NO_LIMITS,
      SEEDFLEET_ADMIN_PORT: String(adminPort),
      ...(otlpUrl === null ? {} : { SEEDFLEET_OTLP_URL: otlpUrl }),
    },
  };
  const child = BenchProcess.start(command, running);
  const ready = await child.event("ready", READY_MS_MAX);
  const { pid, httpUrl, udpUrl, adminUrl = `http://${HOST}:${adminPort}` } = ready;
  return {
    pid: Number(pid ?? child.pid),
    udp: typeof udpUrl === "string" ? udpAddress(udpUrl) : null,
    http: typeof httpUrl === "string" ? httpTarget(httpUrl) : null,
    adminUrl: String(adminUrl),
    fresh: true,
  };
}

/** Debian's build serves the swarms of a list only, so it is given one. */
async function startOpentracker(
  { swarms }: TrackerSettings,
  running: AsyncDisposableStack,
): Promise<Tracker> {
  const { path: program, missing } = realPart("opentracker");
  if (program === undefined) throw new BenchError(missing);
  const directory = await makeDirectory(running);
  const hashes = Array.from({ length: swarms }, (_, swarm) =>
    Buffer.from(swarmHash(swarm)).toString("hex"),
  );
  await writeFile(join(directory, "swarms"), `${hashes.join("\n")}\n`);
  // Started as root it goes into the directory and becomes somebody else, who must read the list.
  await chmod(directory, 0o755);
  const port = await freePort();
  const user = process.getuid?.() === 0 ? "nobody" : userInfo().username;
  const child = BenchProcess.start(
    {
      name: "opentracker",
      program,
      args: [
        ...["-i", HOST, "-p", String(port), "-P", String(port)],
        ...["-d", directory, "-u", user, "-w", "swarms"],
      ],
    },
    running,
  );
  // It tells nothing; the event only fails when it ends.
  const ended = child.event("never told", READY_MS_MAX);
  ended.catch(() => {});
  await Promise.race([whenListening(port), ended]);
  const http = { host: HOST, port, path: "/announce" };
  return { pid: child.pid, udp: { address: HOST, port }, http, adminUrl: null, fresh: true };
}

async function whenListening(port: number): Promise<void> {
  while (!(await isListening(port))) await delay(ASK_EVERY_MS);
}

async function isListening(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createConnection({ host: HOST, port });
  socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
