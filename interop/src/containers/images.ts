import { fail } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { dockerCan } from "./docker.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** What the Dockerfile and the fleet of the tests begin with. */
const BASE_IMAGES = ["node:26-bookworm-slim", "nats:2"];

const REAPER_IMAGE = "testcontainers/ryuk:0.14.0";

/**
 * Where a machine without a registry may have scripts that make what cannot be pulled:
 * `make-base-images.sh`, `get-compose-v2.sh`, `ryuk/`.
 */
const OFFLINE_TOOLS = process.env["OFFLINE_TOOLS"] ?? join(ROOT, "../shared/tools");

/** Has the images that others make: those that are here, else pulled, else made on the machine. */
export function provideBaseImages(): void {
  const absent = BASE_IMAGES.filter((image) => !dockerCan("image", "inspect", image));
  const missing = absent.filter((image) => !dockerCan("pull", image));
  if (missing.length === 0) return;
  const names = missing.join(", ");
  if (!runOfflineTool("make-base-images.sh")) fail(`Cannot pull ${names}: no registry gives it`);
}

/** Has `docker compose`, which not every package of Docker brings along. */
export function provideCompose(): void {
  if (dockerCan("compose", "version")) return;
  if (runOfflineTool("get-compose-v2.sh") && dockerCan("compose", "version")) return;
  fail("docker compose is not there: install Compose v2");
}

/**
 * Has the image of testcontainers' reaper, which takes away what tests have left even if they and
 * all that started them are killed. Gives the settings by which testcontainers uses it or, where it
 * cannot be had, does without.
 */
export function provideReaper(): Readonly<Record<string, string>> {
  const build = ["build", "--tag", REAPER_IMAGE, join(OFFLINE_TOOLS, "ryuk")];
  const isHere =
    dockerCan("image", "inspect", REAPER_IMAGE) ||
    dockerCan("pull", REAPER_IMAGE) ||
    dockerCan(...build);
  return isHere ? { RYUK_CONTAINER_IMAGE: REAPER_IMAGE } : { TESTCONTAINERS_RYUK_DISABLED: "true" };
}

/** The image of this checkout. */
export function buildImage(): void {
  run("node", join(ROOT, "deploy/image/src/build-image.ts"));
}

function runOfflineTool(name: string): boolean {
  const tool = join(OFFLINE_TOOLS, name);
  if (!existsSync(tool)) return false;
  run(tool);
  return true;
}

function run(program: string, ...args: readonly string[]): void {
  const { status } = spawnSync(program, args, { stdio: ["ignore", 2, 2] });
  if (status !== 0) fail(`${[program, ...args].join(" ")} failed, see above`);
}
