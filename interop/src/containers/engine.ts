import { fail } from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { dockerCan } from "./docker.ts";

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 30_000;
const POLL_MS = 200;
const SERVER = "/usr/sbin/dockerd";
const LOG_LINES = 20;

/**
 * A Docker engine: the one that answers, or else, as root on Debian, that of Debian's package,
 * started here and ended with this. Fails where there is neither.
 */
export async function startEngine(): Promise<AsyncDisposable> {
  if (dockerCan("version")) return { [Symbol.asyncDispose]: () => Promise.resolve() };
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    fail("No Docker engine answers: start one, or run this as root on Debian");
  }
  if (!existsSync(SERVER)) installEngine();
  return await startServer();
}

function installEngine(): void {
  say("installing docker.io");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = ["-qq", "-o", "DPkg::Lock::Timeout=120"];
  spawnSync("apt-get", [...options, "update"], { env, stdio: ["ignore", 2, 2] });
  const packages = ["docker.io", "iptables"];
  const { status } = spawnSync(
    "apt-get",
    [...options, "install", "-y", "--no-install-recommends", ...packages],
    { env, stdio: ["ignore", 2, 2] },
  );
  if (status !== 0) fail("Cannot install a Docker engine: apt-get failed, see above");
}

async function startServer(): Promise<AsyncDisposable> {
  const log = join(mkdtempSync(join(tmpdir(), "seedfleet-engine-")), "dockerd.log");
  const output = openSync(log, "w");
  const server = spawn(SERVER, [], { stdio: ["ignore", output, output] });
  closeSync(output);
  say(`started dockerd, process ${server.pid}, which logs to ${log}`);
  const deadlineMs = performance.now() + START_MS_MAX;
  while (!dockerCan("version")) {
    if (server.exitCode === null && performance.now() < deadlineMs) {
      await pass(POLL_MS);
      continue;
    }
    await stop(server);
    fail(`dockerd does not answer:\n${lastLines(log)}`);
  }
  return { [Symbol.asyncDispose]: () => stop(server) };
}

/** Ends this very process; what it started ends with it. */
async function stop(server: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + STOP_MS_MAX;
  server.kill("SIGTERM");
  while (server.exitCode === null && server.signalCode === null) {
    if (performance.now() > deadlineMs) server.kill("SIGKILL");
    await pass(POLL_MS);
  }
}

function lastLines(file: string): string {
  return readFileSync(file, "utf8").split("\n").slice(-LOG_LINES).join("\n");
}

function say(line: string): void {
  process.stderr.write(`seedfleet: ${line}\n`);
}
