// Runs before the npm scripts, on whatever Node the system has, and makes sure that what they need
// is there: the dependencies (Node 26 among them) and, with --real-parts, the programs that tests
// and benchmarks run against. All it says goes to stderr: stdout belongs to the script.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readlinkSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 20;
const LOCK_POLL_MS = 200;

/** Longer than any install takes. */
const LOCK_AGE_MS_MAX = 600_000;

const root = fileURLToPath(new URL("../..", import.meta.url));
const pinnedNode = join(root, "node_modules/.bin/node");

/** Debian installs some programs where a user's PATH does not look. */
const searched = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];

const realParts = [
  { apt: "nats-server", brew: "nats-server", found: () => hasProgram("nats-server") },
  {
    apt: "transmission-cli",
    brew: "transmission-cli",
    found: () => hasProgram("transmission-cli"),
  },
  { apt: "aria2", brew: "aria2", found: () => hasProgram("aria2c") },
  { apt: "python3-libtorrent", brew: "libtorrent-rasterbar", found: hasLibtorrent },
  // Some clients are tested in a network namespace, which only Linux has; trackers are measured,
  // and put behind proxies, there alone.
  ...(process.platform === "linux"
    ? [
        { apt: "iproute2", brew: "", found: () => hasProgram("ip") },
        { apt: "nftables", brew: "", found: () => hasProgram("nft") },
        { apt: "opentracker", brew: "", found: () => hasProgram("opentracker") },
        { apt: "nginx", brew: "", found: () => hasProgram("nginx") },
        { apt: "haproxy", brew: "", found: () => hasProgram("haproxy") },
      ]
    : []),
];

if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR_MIN) {
  say(`Cannot start: Node ${NODE_MAJOR_MIN} or later is needed, and this is ${process.version}`);
  process.exit(1);
}
if (isOutdated()) whileLocked(() => isOutdated() && installDependencies());
if (process.argv.includes("--real-parts")) installRealParts();

/** True after a clone, after a pull that changed the lock file, and after an install cut short. */
function isOutdated() {
  const installedMs = modifiedMs("node_modules/.package-lock.json");
  return installedMs < modifiedMs("package-lock.json") || !runs(pinnedNode, ["--version"]);
}

function installDependencies() {
  say("installing dependencies with npm ci, which takes about a minute");
  // The lock file names dev dependencies that the scripts run on, and `npm start --silent` must not
  // silence a failure: both are said here because the environment may say otherwise.
  const args = ["ci", "--include=dev", "--loglevel=error", "--no-audit", "--no-fund"];
  const npm = process.env.npm_execpath ?? "";
  const { npm_node_execpath: npmNode = process.execPath } = process.env;
  const [program, ...firstArgs] = npm.endsWith("npm-cli.js") ? [npmNode, npm] : ["npm"];
  const { status } = run(program, [...firstArgs, ...args], { stdio: ["ignore", 2, 2] });
  if (status !== 0) fail("Cannot install the dependencies: npm ci failed, see above");
  if (!runs(pinnedNode, ["--version"])) {
    fail(`Cannot install Node: ${pinnedNode} does not run; does npm skip install scripts here?`);
  }
}

function installRealParts() {
  const missing = realParts.filter(({ found }) => !found());
  if (missing.length === 0) return;
  const packages = missing.map(({ apt }) => apt);
  if (process.getuid?.() !== 0 || !hasProgram("apt-get")) {
    const brew = missing.map((part) => part.brew).join(" ");
    const install =
      process.platform === "darwin"
        ? `brew install ${brew}`
        : `sudo apt-get install ${packages.join(" ")}`;
    say(`some tests need programs that are missing: ${install}`);
    return;
  }
  say(`installing ${packages.join(", ")} for the tests that run against them`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // Another apt-get may be at it; the update may fail where the package lists are already there.
  const options = ["-qq", "-o", "DPkg::Lock::Timeout=120"];
  const update = run("apt-get", [...options, "update"], { env });
  const args = [...options, "install", "-y", "--no-install-recommends", ...packages];
  const install = run("apt-get", args, { env });
  if (install.status === 0) return stopServices(packages);
  process.stderr.write(`${update.stderr}${install.stdout}${install.stderr}`);
  say(`could not install them; run: apt-get install ${packages.join(" ")}`);
}

/**
 * Debian starts a server when it installs it, and again at every start of the machine: nginx on
 * port 80, opentracker on our own. The tests start the programs themselves.
 */
function stopServices(packages) {
  if (!hasProgram("systemctl")) return;
  for (const name of packages) run("systemctl", ["disable", "--now", "--quiet", name]);
}

/** Two scripts may be started at once; the second waits, and then finds the work done. */
function whileLocked(work) {
  const lock = join(tmpdir(), `seedfleet-${createHash("sha1").update(root).digest("hex")}.lock`);
  let told = false;
  while (!takeLock(lock)) {
    if (!told) say("waiting for another script, which installs the dependencies");
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  }
  process.on("exit", () => rmSync(lock, { force: true }));
  // Ctrl-C ends npm, whose failure then ends this process and its lock in good order.
  process.on("SIGINT", () => {});
  work();
}

/** A symbolic link is made whole or not at all, so its target can say whose the lock is. */
function takeLock(lock) {
  try {
    symlinkSync(String(process.pid), lock);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  if (!isAbandoned(lock)) return false;
  rmSync(lock, { force: true });
  return takeLock(lock);
}

/** Its process is gone, or it is so old that another process has got the number. */
function isAbandoned(lock) {
  try {
    if (Date.now() - lstatSync(lock).mtimeMs > LOCK_AGE_MS_MAX) return true;
    process.kill(Number(readlinkSync(lock)), 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

function hasProgram(name) {
  return searched.some((folder) => existsSync(join(folder, name)));
}

function hasLibtorrent() {
  return ["python3", "/usr/bin/python3"].some((python) =>
    runs(python, ["-c", "import libtorrent"]),
  );
}

function modifiedMs(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function runs(program, args) {
  return run(program, args).status === 0;
}

function run(program, args, options) {
  return spawnSync(program, args, { cwd: root, encoding: "utf8", ...options });
}

function say(line) {
  process.stderr.write(`seedfleet: ${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}
