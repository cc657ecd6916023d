import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { requireRealPart, skipWithout } from "@seedfleet/testkit";
import { remote } from "../testing.ts";
import { GivenManaged, givenTorrent, manage } from "./testing.ts";

// The test mounts a disk. It runs in a process with mounts of its own, so that none outlives it.
const OWN_MOUNTS = "SEEDFLEET_OWN_MOUNTS";

const PIECE_BYTES = 65_536;

if (process.env[OWN_MOUNTS] === undefined) {
  test("managed content on a full disk", { skip: whyNoDisk() }, () => {
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    const command = [process.execPath, fileURLToPath(import.meta.url)];
    const { status, stdout } = withMounts(command, { ...environment, [OWN_MOUNTS]: "1" });
    equal(status, 0, stdout);
  });
} else {
  test("a piece for which there is no room is told as such, and comes once there is", async () => {
    const files = { "d/a": randomBytes(3_000_000), "d/b": randomBytes(1_000_000) };
    const torrent = await givenTorrent(files, { pieceLengthBytes: PIECE_BYTES });
    const { infoHash, pieces } = torrent;
    using disk = new SmallDisk("size=1m");
    await using managed = await GivenManaged.start([torrent], { root: disk.path });
    const { given, offerer } = managed;
    const { entry } = await manage(given, torrent);
    const write = (piece: number): Promise<string> => offerer.write({ infoHash, piece });
    const settled = await Promise.allSettled([...pieces.keys()].map(write));
    const verified = [...pieces.keys()].filter((piece) => settled[piece]?.status === "fulfilled");
    ok(verified.length > 0 && verified.length < 16, `${verified.length} pieces fit a MiB`);
    for (const each of settled) {
      if (each.status !== "rejected") continue;
      ok(remote("content-full")(each.reason), each.reason);
      ok(/disk is full.*needs \d MiB more/.test(each.reason.message), each.reason.message);
    }
    for (const [piece, bytes] of pieces.entries()) {
      const read = given.read({ infoHash, piece, length: bytes.length });
      if (verified.includes(piece)) deepEqual(await read, Buffer.from(bytes));
      else await rejects(read, remote("piece-absent"));
    }
    disk.remount("size=8m");
    const outcomes = await Promise.all([...pieces.keys()].map(write));
    ok(outcomes.every((outcome) => outcome === "verified"));
    deepEqual(await given.readAll(entry), Buffer.from(torrent.whole));
    await given.restart();
    deepEqual(await given.readAll(entry), Buffer.from(torrent.whole));
  });
}

/** A disk in memory, empty at first. */
class SmallDisk implements Disposable {
  readonly #directory = new GivenDirectory();

  constructor(options: string) {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", this.path]);
  }

  get path(): string {
    return this.#directory.path;
  }

  remount(options: string): void {
    execFileSync("mount", ["-o", `remount,${options}`, this.path]);
  }

  [Symbol.dispose](): void {
    execFileSync("umount", [this.path]);
    this.#directory[Symbol.dispose]();
  }
}

/** Why this user may not mount anything, or false. In CI nothing is a reason. */
function whyNoDisk(): string | false {
  const missing = skipWithout(["unshare"]);
  if (missing !== false || process.env["INTEROP_REQUIRED"] === "1") return missing;
  using directory = new GivenDirectory();
  const { status, stderr } = withMounts(["mount", "-t", "tmpfs", "tmpfs", directory.path]);
  return status === 0 ? false : `this user may not mount a disk: ${stderr.trim()}`;
}

function withMounts(command: readonly string[], environment = process.env) {
  return spawnSync(requireRealPart("unshare"), ["--mount", "--", ...command], {
    encoding: "utf8",
    env: environment,
  });
}
