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
  const [, downloads] = /(\d+) good downloads/.exec(last) ?? [];
  ok(Number(downloads) > 0, last);
});
