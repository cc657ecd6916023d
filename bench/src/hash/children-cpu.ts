import { readFileSync } from "node:fs";
import { BenchError } from "../bench-error.ts";

const TICKS_PER_SECOND = 100;

/** Where `cutime` and `cstime` stand behind the name (proc_pid_stat(5) counts from the pid). */
const CHILDREN_TICKS_AT = [13, 14] as const;

/** The CPU time of this process's children that have ended, with their own. Linux only. */
export function childrenCpuSeconds(): number {
  return parseChildrenCpu(readFileSync("/proc/self/stat", "utf8"));
}

export function parseChildrenCpu(stat: string): number {
  // The name stands in parentheses and may itself have spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = CHILDREN_TICKS_AT.reduce((sum, at) => sum + Number(fields[at]), 0);
  if (!Number.isInteger(ticks)) {
    throw new BenchError(`cannot read the CPU time of children in "${stat.trim()}"`);
  }
  return ticks / TICKS_PER_SECOND;
}
