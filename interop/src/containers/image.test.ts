import { deepEqual, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { docker } from "./docker.ts";
import { IMAGE } from "./service-container.ts";
import { testLabel } from "./test-label.ts";

const execute = promisify(execFile);

const BUILD = join(import.meta.dirname, "../../../deploy/image/src/build-image.ts");
const AGAIN = "seedfleet-built-again";

/** Fewer would mean that what was listed is no image with Node.js. */
const FILES_MIN = 1_000;

/** All files with what, whose and how they are, and what is in them; not those of the engine. */
const LIST_FILES = `
cd /
set -- -xdev '(' -path ./etc/hosts -o -path ./etc/hostname -o -path ./etc/resolv.conf \\
  -o -path ./.dockerenv ')' -prune -o
find . "$@" -printf '%y %m %U:%G %p %l\\n'
find . "$@" -type f -exec sha256sum {} +`;

test("two builds of a checkout differ in nothing but times", async () => {
  try {
    const env = { ...process.env, IMAGE_NAME: AGAIN };
    await execute(process.execPath, [BUILD, "--no-cache"], { env });
    const before = await filesOf(IMAGE);
    const after = await filesOf(`${AGAIN}:latest`);
    ok(before.size > FILES_MIN, `only ${before.size} files`);
    const gone = [...before].filter((line) => !after.has(line));
    const come = [...after].filter((line) => !before.has(line));
    deepEqual({ gone, come }, { gone: [], come: [] });
    deepEqual(await configOf(`${AGAIN}:latest`), await configOf(IMAGE));
  } finally {
    const names = await docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", AGAIN);
    if (names !== "") await docker("image", "rm", ...names.split("\n"));
  }
});

/** A line for each, and one more for what is in each file. */
async function filesOf(image: string): Promise<ReadonlySet<string>> {
  const options = ["--rm", "--label", testLabel, "--network", "none", "--user", "0:0"];
  const text = await docker("run", ...options, "--entrypoint", "sh", image, "-c", LIST_FILES);
  return new Set(text.split("\n"));
}

/** How it is run, and its labels. */
async function configOf(image: string): Promise<unknown> {
  return JSON.parse(await docker("image", "inspect", "--format", "{{json .Config}}", image));
}
