import { docker } from "./docker.ts";

/** What the control group of a container says of its memory. */
export type ContainerMemory = {
  /** The most that it has had since its start, the kernel's for it included as far as it counts. */
  readonly peakBytes: number;
  readonly limitBytes: number;
  /** How many of its processes the kernel killed for want of memory. */
  readonly oomKills: number;
};

/** As a container sees its own group: in the unified hierarchy, or else in that of memory. */
const UNIFIED = "cat memory.peak memory.max memory.events 2>/dev/null";
const OF_MEMORY = "cat memory.max_usage_in_bytes memory.limit_in_bytes memory.oom_control";

export async function containerMemory(id: string): Promise<ContainerMemory> {
  const script = `cd /sys/fs/cgroup && ${UNIFIED} || { cd memory && ${OF_MEMORY}; }`;
  const text = await docker("exec", id, "sh", "-c", script);
  const [peak, limit] = text.split("\n");
  return {
    peakBytes: Number(peak),
    limitBytes: Number(limit),
    oomKills: Number(/^oom_kill (\d+)$/m.exec(text)?.[1]),
  };
}
