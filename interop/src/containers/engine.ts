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

/** A bit of a process's effective capabilities; without it not even root may mount anything. */
const CAP_SYS_ADMIN = 21n;

/** Why no engine answers here and none can be started; null where there should be one. */
export function whyNoEngine(): string | null {
  if (dockerCan("version")) return null;
  if (process.platform !== "linux") return "one can be started on Linux alone";
  if (process.getuid?.() !== 0) return "only root can start one";
  const capabilities = /^CapEff:\s*(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  if (((BigInt(`0x${capabilities ?? "0"}`) >> CAP_SYS_ADMIN) & 1n) === 0n) {
    return "this root may not mount anything, as in a container without privileges";
  }
  if (isInstalled() || existsSync("/etc/debian_version")) return null;
  return "one can be installed on Debian alone";
}

/**
 * A Docker engine: the one that answers, or else that of Debian's package, started here and ended
 * with this. Fails with what it said if it does not start.
 */
export async function startEngine(): Promise<AsyncDisposable> {
  if (dockerCan("version")) return { [Symbol.asyncDispose]: () => Promise.resolve() };
  if (!isInstalled()) installEngine();
  return await startServer();
}

function isInstalled(): boolean {
  return existsSync(SERVER) && hasClient();
}

function hasClient(): boolean {
  return dockerCan("--version");
}

function installEngine(): void {
  say("installing docker.io");
  const isDone =
    install("docker.io", "iptables") &&
    // From Debian 13 on in a package of its own.
    (hasClient() || install("docker-cli"));
  if (!isDone) fail("Cannot install a Docker engine: apt-get failed, see above");
  // Debian starts a server when it installs it, and again at every start of the machine.
  const units = ["docker.socket", "docker.service"];
  spawnSync("systemctl", ["disable", "--now", "--quiet", ...units], { stdio: "ignore" });
}

function install(...packages: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = ["-qq", "-o", "DPkg::Lock::Timeout=120"];
  // The update may fail where the package lists are already there.
  spawnSync("apt-get", [...options, "update"], { env, stdio: ["ignore", 2, 2] });
  const words = [...options, "install", "-y", "--no-install-recommends", ...packages];
  return spawnSync("apt-get", words, { env, stdio: ["ignore", 2, 2] }).status === 0;
}

async function startServer(): Promise<AsyncDisposable> {
  const log = join(mkdtempSync(join(tmpdir(), "seedfleet-engine-")), "dockerd.log");
  const output = openSync(log, "w");
  // In a group of its own: Ctrl-C is for the tests, which still need it to take theirs away.
  const server = spawn(SERVER, [], { stdio: ["ignore", output, output], detached: true });
  const kill = (): void => void server.kill("SIGTERM");
  process.once("exit", kill);
  server.once("exit", () => process.off("exit", kill));
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
