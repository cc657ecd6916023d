import type { CpuSeconds, ResidentBytes } from "../process-usage.ts";

/** What a load process is told, as JSON in its only argument. */
export type LoadSpec = {
  readonly torrentFile: string;
  readonly host: string;
  readonly port: number;
  /** The process whose CPU time and memory are measured. */
  readonly serverPid: number;
  readonly pipeline: number;
  /** How long to measure on how many connections, or one pass that checks every byte. */
  readonly load: { readonly connections: number; readonly seconds: number } | "one-pass";
};

/** What a load process tells once it is done, in an event `measured`. */
export type Measured = {
  /** Bytes of blocks; headers are not counted. */
  readonly receivedBytes: number;
  readonly wallSeconds: number;
  readonly serverCpuSeconds: CpuSeconds;
  readonly serverResidentBytes: ResidentBytes;
  readonly loadCpuSeconds: number;
  /** What neither the server nor the load used of the machine's CPU time, its idling apart. */
  readonly otherCpuSeconds: number;
  readonly verifiedPieces: number;
};
