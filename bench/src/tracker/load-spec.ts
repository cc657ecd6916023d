import type { CpuSeconds, ResidentBytes } from "../process-usage.ts";
import type { HttpTarget } from "./http-requests.ts";
import type { SocketAddress } from "./libc.ts";

/** What a load process is told, as JSON in its only argument. */
export type TrackerLoadSpec = {
  readonly clients: UdpClients | HttpClients;
  /** The process whose CPU time and memory are measured. */
  readonly serverPid: number;
  readonly swarms: number;
  readonly numWant: number;
  /** Sources before this one have announced to the same tracker before. */
  readonly firstSource: number;
  /** Whether the tracker must know at once whoever it has answered. */
  readonly exact: boolean;
  /** Whether nobody else has announced to the tracker. */
  readonly fresh: boolean;
  /** Null is as fast as the tracker answers. */
  readonly perSecond: number | null;
  /** Whether the load sleeps when it has nothing to do, so that the tracker must have it woken. */
  readonly sleeps: boolean;
  /** One after the other, before anything is measured. */
  readonly warm: readonly Extent[];
  readonly measure: Extent;
};

export type UdpClients = {
  readonly kind: "udp";
  readonly to: SocketAddress;
  readonly sockets: number;
  readonly window: number;
};

export type HttpClients = {
  readonly kind: "http";
  readonly target: HttpTarget;
  readonly connections: number;
  readonly keepAlive: boolean;
};

/** How long announces go, at the rate, or how many, as fast as the tracker answers. */
export type Extent = { readonly seconds: number } | { readonly announces: number };

/** What a load process saw in its window. */
export type TrackerMeasured = {
  readonly announces: number;
  readonly lost: number;
  /** Connections that were opened. */
  readonly opened: number;
  /** Peers in all answers. */
  readonly peers: number;
  readonly wallSeconds: number;
  readonly serverCpuSeconds: CpuSeconds;
  readonly loadCpuSeconds: number;
  /** What of the time the load had something to do. */
  readonly loadBusySeconds: number;
  /** What neither the server nor the load used of the machine's CPU time, its idling apart. */
  readonly otherCpuSeconds: number;
  readonly residentBefore: ResidentBytes;
  readonly residentAfter: ResidentBytes;
  /** From when an announce was due to when its answer was read. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
};
