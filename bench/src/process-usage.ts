import { readFileSync } from "node:fs";
import { BenchError } from "./bench-error.ts";

/** Linux counts a process's CPU time for others in hundredths, whatever its own clock does. */
const TICKS_PER_SECOND = 100;

/** Where `utime` and `stime` stand behind the name (proc_pid_stat(5) counts from the pid). */
const USER_TICKS_AT = 11;
const SYSTEM_TICKS_AT = 12;

export type CpuSeconds = { readonly user: number; readonly system: number };

export type ResidentBytes = {
  readonly total: number;
  /** Without the pages of mapped files, which the kernel may take back. */
  readonly anonymous: number;
};

/** The CPU time of a process with all its threads, also of those that ended. */
export function cpuSeconds(pid: number): CpuSeconds {
  return parseStat(readProc(pid, "stat"));
}

export function residentBytes(pid: number): ResidentBytes {
  return parseStatus(readProc(pid, "status"));
}

/** What a process has had read from disks, page faults of mapped files included. */
export function diskReadBytes(pid: number): number {
  return parseIo(readProc(pid, "io"));
}

/** The CPU time that all processes of this machine have used, and the host took away. */
export function machineCpuSeconds(): number {
  return parseMachineStat(readFileSync("/proc/stat", "utf8"));
}

/** The CPU time that was not idle in the text of `/proc/stat`, of all cores together. */
export function parseMachineStat(stat: string): number {
  const ticks = /^cpu +(.+)$/m.exec(stat)?.[1]?.split(" ").map(Number) ?? [];
  const [user = Number.NaN, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks;
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

/** The CPU time in the text of `/proc/PID/stat`. */
export function parseStat(stat: string): CpuSeconds {
  // The name stands in parentheses and may itself have spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const user = Number(fields[USER_TICKS_AT]);
  const system = Number(fields[SYSTEM_TICKS_AT]);
  if (!Number.isInteger(user) || !Number.isInteger(system)) {
    throw new BenchError(`cannot read the CPU time in "${stat.trim()}"`);
  }
  return { user: user / TICKS_PER_SECOND, system: system / TICKS_PER_SECOND };
}

/** The memory in the text of `/proc/PID/status`. */
export function parseStatus(status: string): ResidentBytes {
  const kibibytes = (name: string): number => {
    const [, value] = new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(status) ?? [];
    if (value === undefined) throw new BenchError(`there is no ${name} in the process status`);
    return Number(value) * 1024;
  };
  return { total: kibibytes("VmRSS"), anonymous: kibibytes("RssAnon") };
}

/** What came from disks in the text of `/proc/PID/io`. */
export function parseIo(io: string): number {
  const [, value] = /^read_bytes: (\d+)$/m.exec(io) ?? [];
  if (value === undefined) throw new BenchError("there is no read_bytes in the process io");
  return Number(value);
}

function readProc(pid: number, file: "io" | "stat" | "status"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    throw new BenchError(`cannot read the ${file} of process ${pid}: ${String(error)}`);
  }
}
