import { equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { RunningProgram } from "./running-program.ts";

const SAYS_ONE_LINE = 'process.stdout.write("up\\n", () => process.stdin.resume())';

const ends = [
  { given: "a signal", ending: "SIGKILL", signal: "SIGKILL" },
  { given: "a signal it could have caught", ending: "SIGTERM", signal: "SIGTERM" },
] as const;

for (const { given, ending, signal } of ends) {
  test(`line() fails when the program dies of ${given}`, { timeout: 20_000 }, async () => {
    await using program = RunningProgram.start([process.execPath, "-e", SAYS_ONE_LINE], {
      openInput: true,
    });
    equal(await program.line((line) => (line === "up" ? line : null)), "up");
    const never = program.line((line) => (line === "never" ? line : null));
    await Promise.all([rejects(never, new RegExp(`ended with ${ending}`)), program.stop(signal)]);
    // Also for who asks only then.
    await rejects(
      program.line(() => null),
      new RegExp(`ended with ${ending}`),
    );
  });
}

test("tell() is read by the program", { timeout: 20_000 }, async () => {
  const says = 'process.stdin.once("data", (said) => process.stdout.write("heard " + said))';
  await using program = RunningProgram.start([process.execPath, "-e", says], { openInput: true });
  program.tell("this");
  equal(await program.line((line) => line), "heard this");
});

test("line() fails when the program ends with a code", { timeout: 20_000 }, async () => {
  await using program = RunningProgram.start([process.execPath, "-e", "process.exitCode = 3"]);
  await rejects(
    program.line(() => null),
    /ended with 3/,
  );
});

test("succeeded() has all that the program said, however busy this process was", async () => {
  const says = 'process.stdout.write("x".repeat(50_000))';
  await using program = RunningProgram.start([process.execPath, "-e", says]);
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  await begun;
  // Its end and its words are told of in one turn then, the end first.
  for (const untilMs = performance.now() + 500; performance.now() < untilMs; );
  await program.succeeded();
  equal(program.lines.join("").length, 50_000);
});
