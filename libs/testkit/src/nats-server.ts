import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireRealPart } from "./real-part.ts";

/** `nats-server -p -1` takes a free port and tells it in its log. */
const ANY_PORT = -1;

/** A real nats-server with JetStream, on a port and a store directory of its own. */
export interface NatsServer {
  readonly url: string;
  /** As kill -9: nothing is said to anybody. The store stays. */
  kill(): Promise<void>;
  /** Kills it if it runs, and starts it again on the same port and store. */
  restart(): Promise<void>;
  /** Ends it and removes its store. */
  stop(): Promise<void>;
}

/**
 * `options` are more of its command line, such as `["--user", "u", "--pass", "p"]`; `through` is
 * what starts it, such as a program that enters a network namespace.
 */
export async function startNatsServer(
  options: readonly string[] = [],
  through: readonly string[] = [],
): Promise<NatsServer> {
  const path = requireRealPart("nats-server");
  const store = await mkdtemp(join(tmpdir(), "seedfleet-nats-"));
  const start = (port: number): Promise<Started> => {
    const server = [path, "-js", "-sd", store, "-a", "127.0.0.1", "-p", String(port), ...options];
    return run([...through, ...server]);
  };
  let { port, child } = await start(ANY_PORT);
  return {
    url: `nats://127.0.0.1:${port}`,
    kill: () => kill(child),
    async restart() {
      await kill(child);
      ({ port, child } = await start(port));
    },
    async stop() {
      await kill(child);
      await rm(store, { recursive: true });
    },
  };
}

type Started = { readonly port: number; readonly child: ChildProcess };

/** Resolves when the server says that it is ready. */
async function run([program = "", ...args]: readonly string[]): Promise<Started> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  const killWithUs = (): boolean => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  child.once("exit", () => process.removeListener("exit", killWithUs));
  let log = "";
  for await (const text of child.stderr.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    log += text;
    if (log.includes("Server is ready")) break;
  }
  const port = Number(/Listening for client connections on .*:(\d+)/.exec(log)?.[1]);
  assert(Number.isInteger(port), `nats-server did not start:\n${log}`);
  // What it says later is nobody's, but must be read lest the pipe fill.
  child.stderr.resume();
  return { port, child };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
