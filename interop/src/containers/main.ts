// Runs the tests with containers: `main.ts [FILE…]`. Sees to an engine, the base images and the
// image before, and takes away what the tests have left.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { join } from "node:path";
import { docker } from "./docker.ts";
import { startEngine } from "./engine.ts";
import { buildImage, provideBaseImages, provideCompose } from "./images.ts";
import { TEST_LABEL, TEST_RUN } from "./test-label.ts";

/** A test whose own waits have no end fails then. */
const TEST_MS_MAX = 240_000;

await using _engine = await startEngine();
provideBaseImages();
provideCompose();
buildImage();
const [, , ...chosen] = process.argv;
const all = globSync(join(import.meta.dirname, "*.test.ts")).toSorted();
const files = chosen.length > 0 ? chosen : all;
// One file after the other: each has a fleet of its own, and measures waits.
// What a test that failed has left running must not keep its process.
const options = [
  "--test",
  "--test-concurrency=1",
  "--test-force-exit",
  `--test-timeout=${TEST_MS_MAX}`,
];
const tests = spawn(process.execPath, [...options, ...files], {
  stdio: "inherit",
  env: {
    ...process.env,
    [TEST_RUN]: String(process.pid),
    // Its reaper is an image more to have; what is left is found by its label.
    TESTCONTAINERS_RYUK_DISABLED: "true",
  },
});
// Ctrl-C goes to the tests too; they end, and then what they left is taken away.
process.on("SIGINT", () => {});
const [code] = await once(tests, "exit");
await removeWhatIsLeft();
process.exitCode = code ?? 1;

async function removeWhatIsLeft(): Promise<void> {
  const filter = `label=${TEST_LABEL}=${process.pid}`;
  const containers = await docker("ps", "--all", "--quiet", "--filter", filter);
  if (containers !== "") await docker("rm", "--force", "--volumes", ...containers.split("\n"));
  const networks = await docker("network", "ls", "--quiet", "--filter", filter);
  if (networks !== "") await docker("network", "rm", ...networks.split("\n"));
}
