import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";

/** Where figures come from; they mean little without it. Linux only. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  /** TCP's congestion control: some pace what they send, on a machine's own loopback too. */
  readonly congestionControl: string;
};

const CONGESTION_CONTROL = "/proc/sys/net/ipv4/tcp_congestion_control";

export function thisMachine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
    congestionControl: readFileSync(CONGESTION_CONTROL, "utf8").trim(),
  };
}

/** The line of a report that says where its figures come from, and when. */
export function machineText(at: string, machine: Machine): string {
  const { cpu, cores, system, congestionControl, node } = machine;
  return `${at}, ${cpu}, ${cores} cores, ${system} (TCP ${congestionControl}), Node ${node}`;
}
