import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { promisify } from "node:util";

const NS_PER_SECOND = 1_000_000_000n;

const futimes = promisify(fs.futimes);

/**
 * Sets when an open file was last written to, or leaves it as it is and says false. `modified` is
 * in nanoseconds since the epoch, as listings have it.
 *
 * Node takes a time as a number of seconds, which of today's is exact to a quarter of a microsecond
 * only; so it sets whole seconds, as archives leave them, and `touch` all others.
 */
export async function setModified(fd: number, modified: string): Promise<boolean> {
  const ns = BigInt(modified);
  const seconds = ns / NS_PER_SECOND;
  if (ns % NS_PER_SECOND !== 0n) return touch(fd, seconds, ns % NS_PER_SECOND);
  return futimes(fd, new Date(), Number(seconds)).then(
    () => true,
    () => false,
  );
}

/** Of GNU; where it is another or none at all, nothing happens to the file. */
function touch(fd: number, seconds: bigint, ns: bigint): Promise<boolean> {
  const time = `@${seconds}.${String(ns).padStart(9, "0")}`;
  // The file is its input and named as such: its own name could be another file's by now.
  const options = ["-c", "-m", "-d", time, "/proc/self/fd/0"];
  const program = spawn("touch", options, { stdio: [fd, "ignore", "ignore"] });
  return new Promise((resolve) => {
    program.on("error", () => resolve(false));
    program.on("exit", (code) => resolve(code === 0));
  });
}
