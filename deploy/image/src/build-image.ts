// Builds the image of the checkout with the engine that `docker` reaches, as `seedfleet:latest` and
// `seedfleet:VERSION`, or as $IMAGE_NAME instead of `seedfleet`. Options go to `docker build`.
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
const options = process.argv.slice(2);
// A BuildKit of today gives the image this time instead of its own.
const SOURCE_DATE_EPOCH = git("log", "-1", "--format=%ct");
const { status } = spawnSync("docker", ["build", ...options, ...tags, ...buildArgs, ROOT], {
  stdio: "inherit",
  env: { ...process.env, ...(SOURCE_DATE_EPOCH === "" ? {} : { SOURCE_DATE_EPOCH }) },
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
