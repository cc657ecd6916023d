import { fail } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";

/** Daemons are installed where a user's PATH often does not look. */
const DAEMON_DIRECTORIES = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/** Debian's Python is not the first on every PATH, but the one with Debian's libtorrent. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/** The programs tests run against, and the Debian package of each. */
const PACKAGES = {
  "nats-server": "nats-server",
  "transmission-cli": "transmission-cli",
  "transmission-create": "transmission-cli",
  "transmission-show": "transmission-cli",
  "transmission-daemon": "transmission-daemon",
  "transmission-remote": "transmission-cli",
  aria2c: "aria2",
  opentracker: "opentracker",
  nginx: "nginx",
  haproxy: "haproxy",
  mktorrent: "mktorrent",
  openssl: "openssl",
  "python3-libtorrent": "python3-libtorrent",
  ip: "iproute2",
  nft: "nftables",
  unshare: "util-linux",
  nsenter: "util-linux",
} as const;

export type RealPartName = keyof typeof PACKAGES;

export type RealPart =
  | { readonly path: string; readonly missing?: undefined }
  | { readonly path?: undefined; readonly missing: string };

type Paths<Names extends readonly RealPartName[]> = Readonly<Record<Names[number], string>>;

const found = new Map<RealPartName, RealPart>();

/**
 * A program of somebody else's that tests run against: its path, or what to do to have it.
 * `python3-libtorrent` is the path of a Python that can import libtorrent.
 */
export function realPart(name: RealPartName): RealPart {
  let part = found.get(name);
  if (part === undefined) {
    const path = name === "python3-libtorrent" ? pythonWithLibtorrent() : programPath(name);
    const missing = `${name} is not installed: apt-get install ${PACKAGES[name]}`;
    part = path === null ? { missing } : { path };
    found.set(name, part);
  }
  return part;
}

/** The path of a real part in a place that only runs when it is there. Throws otherwise. */
export function requireRealPart(name: RealPartName): string {
  const part = realPart(name);
  return part.missing === undefined ? part.path : fail(part.missing);
}

/**
 * Why tests that need these parts cannot run, or false: `test(name, { skip: … }, …)`. With
 * `INTEROP_REQUIRED=1` nothing is skipped, so that a missing part fails the test that needs it.
 */
export function skipWithout(names: readonly RealPartName[]): string | false {
  if (process.env["INTEROP_REQUIRED"] === "1") return false;
  const missing = names.flatMap((name) => realPart(name).missing ?? []);
  return missing.length > 0 && missing.join("; ");
}

/** A test against real parts: skipped, or with `INTEROP_REQUIRED=1` failed, if one is missing. */
export function realPartTest<const Names extends readonly RealPartName[]>(
  names: Names,
  title: string,
  run: (t: TestContext, paths: Paths<Names>) => Promise<void> | void,
): void {
  void test(title, { skip: skipWithout(names) }, (t) => {
    const paths = Object.fromEntries(names.map((name) => [name, requireRealPart(name)]));
    // Every name has its path by now: `requireRealPart` throws otherwise.
    return run(t, paths as Paths<Names>);
  });
}

function programPath(program: string): string | null {
  const directories = (process.env["PATH"] ?? "").split(delimiter).filter((path) => path !== "");
  const paths = [...directories, ...DAEMON_DIRECTORIES].map((path) => join(path, program));
  return paths.find(isExecutable) ?? null;
}

function pythonWithLibtorrent(): string | null {
  const canImport = (python: string): boolean =>
    spawnSync(python, ["-c", "import libtorrent"], { stdio: "ignore" }).status === 0;
  return PYTHONS.find(canImport) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
