import { readdirSync, readlinkSync } from "node:fs";

/** How many sockets this process has open; 0 where that cannot be seen. */
export function openSockets(): number {
  if (process.platform !== "linux") return 0;
  return readdirSync("/proc/self/fd").filter((fd) => isSocket(fd)).length;
}

function isSocket(fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
  } catch {
    return false;
  }
}
