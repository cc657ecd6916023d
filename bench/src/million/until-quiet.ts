import { execFile } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { machineCpuSeconds } from "../process-usage.ts";

const LOOK_SECONDS = 2;
const LOOKS_MAX = 60;

/** Of one core, by all processes together. */
const BUSY_SHARE_MAX = 0.05;

/**
 * Has the disk written what is due, and waits until the machine does next to nothing: what a
 * million entries leave to do is no part of what is measured behind them. Goes on after two minutes
 * all the same, where others are at work; gives the seconds that it took.
 */
export async function untilQuiet(): Promise<number> {
  const beganMs = performance.now();
  await promisify(execFile)("sync");
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const before = machineCpuSeconds();
    await delay(LOOK_SECONDS * 1_000);
    if (machineCpuSeconds() - before < LOOK_SECONDS * BUSY_SHARE_MAX) break;
  }
  return (performance.now() - beganMs) / 1_000;
}
