// Runs the tests with containers: `main.ts [--where-possible] [FILE…]`. Sees to an engine, the base
// images and the image before, and takes away what the tests have left. Where no engine can be had
// it fails, or with --where-possible says so and does not.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startEngine, whyNoEngine } from "./engine.ts";
import { buildImage, provideBaseImages, provideCompose, provideReaper } from "./images.ts";
import { removeWhatIsLeft } from "./remove-what-is-left.ts";
import { TEST_RUN, testRun } from "./test-label.ts";

/** Ends a test whose own waits have no end. */
const TEST_MS_MAX = 420_000;

const { values: options, positionals: chosen } = parseArgs({
  options: { "where-possible": { type: "boolean", default: false } },
  allowPositionals: true,
});
const reason = whyNoEngine();
if (reason === null) process.exitCode = await runTests();
else {
  const said = `No Docker engine answers, and ${reason}: the tests with containers DID NOT RUN`;
  process.stderr.write(`seedfleet: ${said}\n`);
  process.exitCode = options["where-possible"] ? 0 : 1;
}

async function runTests(): Promise<number> {
  await using _engine = await startEngine();
  provideBaseImages();
  provideCompose();
  const reaper = provideReaper();
  buildImage();
  const all = globSync(join(import.meta.dirname, "*.test.ts")).toSorted();
  const tests = spawn(
    process.execPath,
    [
      // One file after the other: each has a fleet of its own, and measures waits.
      ...["--test", "--test-concurrency=1", `--test-timeout=${TEST_MS_MAX}`],
      // What a test that failed has left running must not keep its process.
      "--test-force-exit",
      ...(chosen.length > 0 ? chosen : all),
    ],
    { stdio: "inherit", env: { ...process.env, ...reaper, [TEST_RUN]: testRun } },
  );
  // Ctrl-C goes to the tests too; they end, and then what they left is taken away.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => tests.kill("SIGTERM"));
  const [code] = await once(tests, "exit");
  await removeWhatIsLeft();
  return code ?? 1;
}
