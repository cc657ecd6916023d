import { readFileSync } from "node:fs";
import { BenchError } from "../bench-error.ts";

/** What a process has open besides the connections of its peers. */
const OTHER_FILES = 256;

/**
 * Refuses more peers than a process may have open files. Node takes what the hard limit allows by
 * itself, so only that one counts.
 */
export function checkOpenFiles(peers: number): void {
  const max = openFilesMax(readFileSync("/proc/self/limits", "utf8"));
  const need = peers + OTHER_FILES;
  if (need <= max) return;
  throw new BenchError(
    `${peers} peers take ${need} open files in one process, and the hard limit here is ${max}: \
raise it as root (prlimit --pid $$ --nofile=${need}:${need}, or LimitNOFILE= of a systemd unit), \
or take fewer with --peers`,
  );
}

/** The hard limit in the text of `/proc/PID/limits`. */
export function openFilesMax(limits: string): number {
  const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(limits) ?? [];
  if (hard === undefined) throw new BenchError("there is no limit of open files to read");
  return hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
}
