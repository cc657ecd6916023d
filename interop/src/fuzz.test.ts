import { match, ok } from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { RunningProgram } from "./running-program.ts";

const BENCH = join(import.meta.dirname, "../../bench/src/main.ts");

/** Any would do: `npm run fuzz -- --minutes 60` is what looks further. */
const SEED = "4";

test("a running gateway takes some seconds of noise and mutated sessions", async () => {
  const args = ["--seconds", "4", "--seed", SEED, "--parallel", "16"];
  await using fuzz = RunningProgram.start([process.execPath, BENCH, "fuzz", ...args]);
  await fuzz.succeeded();
  const last = fuzz.lines.at(-1) ?? "";
  match(last, /^found nothing: .*encrypted and mutated \d+/);
  const [, sessions, closed] = /(\d+) sessions .* (\d+) closed by the gateway/.exec(last) ?? [];
  ok(Number(sessions) > 50 && Number(closed) > 10, last);
  ok(servedIn(last) > 0, last);
});

for (const target of ["tracker", "private-tracker"]) {
  test(`a running ${target} takes some seconds of noise over HTTP and UDP`, async () => {
    const args = ["--target", target, "--seconds", "4", "--seed", SEED, "--parallel", "16"];
    await using fuzz = RunningProgram.start([process.execPath, BENCH, "fuzz", ...args]);
    await fuzz.succeeded();
    const last = fuzz.lines.at(-1) ?? "";
    match(last, /^found nothing: .*http mutated \d+.*udp mutated \d+/);
    ok(servedIn(last) > 0, last);
  });
}

function servedIn(report: string): number {
  const [, served] = /(\d+) good clients served/.exec(report) ?? [];
  return Number(served);
}
