import { equal, rejects, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchProcess } from "./bench-process.ts";

const TIMEOUT_MS = 30_000;

function given(script: string): BenchProcess {
  return new BenchProcess({ name: "it", program: process.execPath, args: ["-e", script] });
}

const TELL = `console.log("no JSON"); console.log('{"event":"ready","port":7}');`;

test("event() gives what the process tells, also once it was told", async () => {
  await using child = given(`${TELL} process.stdin.resume();`);
  equal((await child.event("ready", TIMEOUT_MS))["port"], 7);
  equal((await child.event("ready", TIMEOUT_MS))["port"], 7);
});

test("event() rejects with the complaint of a process that ended", async () => {
  await using child = given(`console.error("no disk"); process.exitCode = 3;`);
  await rejects(child.event("ready", TIMEOUT_MS), { message: "it ended with code 3: no disk" });
});

test("disposing ends the process", async () => {
  const child = given(`${TELL} process.stdin.resume();`);
  await child.event("ready", TIMEOUT_MS);
  const { pid } = child;
  await child[Symbol.asyncDispose]();
  throws(() => process.kill(pid, 0), { code: "ESRCH" });
});

test("event() rejects when there is no such program", async () => {
  await using child = new BenchProcess({ name: "it", program: "/nonexistent/program", args: [] });
  await rejects(child.event("ready", TIMEOUT_MS), { message: /ENOENT/ });
});

test("tell() reaches the process as a line", async () => {
  await using child = given(
    `require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      console.log(JSON.stringify({ event: "heard", line }));
    });`,
  );
  child.tell("measure");
  equal((await child.event("heard", TIMEOUT_MS))["line"], "measure");
});
