// Builds the image of the checkout with the engine that `docker` reaches, as `seedfleet:latest` and
// `seedfleet:VERSION`, or as $IMAGE_NAME instead of `seedfleet`.
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { VERSION } from "@seedfleet/runtime";

const ROOT = join(import.meta.dirname, "../../..");

const { IMAGE_NAME: name = "seedfleet" } = process.env;
const changed = git("status", "--porcelain") === "" ? "" : "-changed";
// The commit's date rather than today's, so that a commit's image has the same labels every time.
const args = {
  VERSION,
  REVISION: `${git("rev-parse", "HEAD")}${changed}`,
  CREATED: git("log", "-1", "--format=%cI"),
};
const buildArgs = Object.entries(args).flatMap(([key, value]) => [
  "--build-arg",
  `${key}=${value}`,
]);
const tags = ["latest", VERSION].flatMap((tag) => ["--tag", `${name}:${tag}`]);
const { status } = spawnSync("docker", ["build", ...tags, ...buildArgs, ROOT], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;

/** Empty outside of a git checkout. */
function git(...words: readonly string[]): string {
  try {
    return execFileSync("git", words, {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "";
  }
}
