import { equal } from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { requireRealPart, skipWithout } from "./real-part.ts";

/** Services refuse what begins as their settings do, and is none. */
const OWN_MOUNTS = "TESTKIT_OWN_MOUNTS";

/**
 * The tests of a file that mount disks. They run in a process with mounts of its own, so that none
 * outlives them, whatever becomes of them. Where this user may not mount anything they are skipped.
 */
export function ownMountsTests(what: string, fileUrl: string, tests: () => void): void {
  if (process.env[OWN_MOUNTS] !== undefined) return tests();
  test(what, { skip: whyNoDisks() }, () => {
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    const command = [process.execPath, fileURLToPath(fileUrl)];
    const { status, stdout } = withMounts(command, { ...environment, [OWN_MOUNTS]: "1" });
    equal(status, 0, stdout);
  });
}

/** A disk in memory with options of its own, empty at first. */
export class SmallDisk implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "seedfleet-disk-"));

  constructor(options: string) {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", this.path]);
  }

  at(path: string): string {
    return join(this.path, path);
  }

  remount(options: string): void {
    execFileSync("mount", ["-o", `remount,${options}`, this.path]);
  }

  [Symbol.dispose](): void {
    execFileSync("umount", [this.path]);
    rmdirSync(this.path);
  }
}

/** Why this user may not mount anything, or false. In CI nothing is a reason. */
function whyNoDisks(): string | false {
  const missing = skipWithout(["unshare"]);
  if (missing !== false || process.env["INTEROP_REQUIRED"] === "1") return missing;
  const { status, stderr } = withMounts(["mount", "-t", "tmpfs", "tmpfs", tmpdir()]);
  return status === 0 ? false : `this user may not mount a disk: ${stderr.trim()}`;
}

function withMounts(command: readonly string[], environment = process.env) {
  return spawnSync(requireRealPart("unshare"), ["--mount", "--", ...command], {
    encoding: "utf8",
    env: environment,
  });
}
