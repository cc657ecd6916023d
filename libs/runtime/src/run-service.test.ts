import { deepEqual, equal, match } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text as textOf } from "node:stream/consumers";
import { test } from "node:test";

/** A service as an app would write it; `serve` is the text of its start function's body. */
function givenProgram(serve: string): string {
  const entry = JSON.stringify(import.meta.resolve("./index.ts"));
  return `
    import { defineConfig, durationMs, runService, SeedfleetError } from ${entry};
    const env = "SEEDFLEET_SHUTDOWN_DEADLINE";
    const doc = "How long it may take to stop.";
    const shutdownDeadlineMs = durationMs({ env, doc, default: 10_000 });
    const say = (line) => process.stdout.write(line + "\\n");
    const start = (config, running, requestStop) => { ${serve} };
    await runService(defineConfig({ shutdownDeadlineMs }), start);
  `;
}

type Ended = { readonly stdout: string; readonly stderr: string; readonly code: number | null };

async function run(
  serve: string,
  options: { readonly args?: string[]; readonly env?: NodeJS.ProcessEnv } = {},
  whenReady: (child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const args = [
    "--input-type=module",
    "--eval",
    givenProgram(serve),
    "--",
    ...(options.args ?? []),
  ];
  const env = { PATH: process.env["PATH"], ...options.env };
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.on("data", (chunk: Buffer) => {
    if (chunk.includes("ready")) whenReady(child);
  });
  const ended = once(child, "close");
  const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  const [code] = await ended;
  return { stdout, stderr, code };
}

const READY = `running.defer(() => say("flushed")); running.defer(() => say("drained"));`;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`runService() given ${signal} stops what runs in reverse and ends by itself`, async () => {
    const ended = await run(`${READY} say("ready");`, {}, (child) => child.kill(signal));
    deepEqual(ended, { stdout: "ready\ndrained\nflushed\n", stderr: "", code: 0 });
  });
}

test("runService() given a service that asks for its end stops it as a signal does", async () => {
  const ended = await run(`${READY} setImmediate(() => { requestStop(); requestStop(); });`);
  deepEqual(ended, { stdout: "drained\nflushed\n", stderr: "", code: 0 });
});

test("runService() given a service that asks for its end and hangs ends in time", async () => {
  const serve = `running.defer(() => new Promise(() => {})); setInterval(() => {}, 1_000);
    requestStop();`;
  const ended = await run(serve, { env: { SEEDFLEET_SHUTDOWN_DEADLINE: "50ms" } });
  equal(ended.code, 1);
  match(ended.stderr, /^seedfleet: still not stopped after 50 ms/);
});

test("runService() given the same Ctrl-C twice, as under npm, still stops what runs", async () => {
  const serve = `const again = new Promise((resolve) => process.on("SIGTERM", resolve));
    const alive = setInterval(() => {}, 1_000);
    running.defer(async () => { say("ready again"); await again; clearInterval(alive); });
    say("ready");`;
  const signals = ["SIGINT", "SIGTERM"] as const;
  let sent = 0;
  const ended = await run(serve, {}, (child) => child.kill(signals[sent++]));
  deepEqual(ended, { stdout: "ready\nready again\n", stderr: "", code: 0 });
});

test("runService() given a service that does not stop ends it at the deadline", async () => {
  const serve = `running.defer(() => new Promise(() => {})); setInterval(() => {}, 1_000);
    say("ready");`;
  const env = { SEEDFLEET_SHUTDOWN_DEADLINE: "50ms" };
  const ended = await run(serve, { env }, (child) => child.kill("SIGTERM"));
  equal(ended.code, 1);
  match(ended.stderr, /^seedfleet: still not stopped after 50 ms/);
});

test("runService() given --print-config prints the settings and starts nothing", async () => {
  const ended = await run(`say("started");`, { args: ["--print-config"] });
  const stdout = "# How long it may take to stop.\nSEEDFLEET_SHUTDOWN_DEADLINE=10s\n";
  deepEqual(ended, { stdout, stderr: "", code: 0 });
});

test("runService() given a wrong setting says so in one line", async () => {
  const ended = await run("", { env: { SEEDFLEET_SHUTDOWN_DEADLINES: "1" } });
  const stderr =
    "seedfleet: Cannot use SEEDFLEET_SHUTDOWN_DEADLINES: there is no such setting " +
    "(did you mean SEEDFLEET_SHUTDOWN_DEADLINE?)\n";
  deepEqual(ended, { stdout: "", stderr, code: 1 });
});

test("runService() given a start that fails stops what had started", async () => {
  const serve = `${READY} throw new SeedfleetError("Cannot start: no", { code: "no" });`;
  const ended = await run(serve);
  const stdout = "drained\nflushed\n";
  deepEqual(ended, { stdout, stderr: "seedfleet: Cannot start: no\n", code: 1 });
});

test("runService() given a mistake of ours ends with its stack", async () => {
  const ended = await run(`null.peers;`);
  equal(ended.code, 1);
  match(ended.stderr, /TypeError: Cannot read properties of null.*\n {4}at /);
});
