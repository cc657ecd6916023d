import assert from "node:assert/strict";
import type { CpuSeconds, ResidentBytes } from "../process-usage.ts";

/** What one load process saw in its own window. */
export type LoadWindow = {
  /** Bytes of blocks; headers are not counted. */
  readonly receivedBytes: number;
  /** The same of each connection. */
  readonly receivedBytesEach: readonly number[];
  readonly wallSeconds: number;
  readonly serverCpuSeconds: CpuSeconds;
  readonly serverResidentBytes: ResidentBytes;
  readonly serverDiskReadBytes: number;
  readonly loadCpuSeconds: number;
  readonly machineCpuSeconds: number;
  readonly verifiedPieces: number;
};

/** One measurement of a server, by all its load processes together. */
export type Measured = Omit<LoadWindow, "machineCpuSeconds"> & {
  /** What neither the server nor the load used of the machine's CPU time, its idling apart. */
  readonly otherCpuSeconds: number;
};

/**
 * Adds up what the processes of one load saw. They open and close their windows some milliseconds
 * apart, each with a reading of its own of the server's CPU time: so rates are added, and of the
 * server's there is a mean.
 */
export function combined(windows: readonly LoadWindow[]): Measured {
  assert(windows.length > 0);
  const wallSeconds = mean(windows.map((window) => window.wallSeconds));
  const perSecond = (of: (window: LoadWindow) => number): number[] =>
    windows.map((window) => of(window) / window.wallSeconds);
  const added = (of: (window: LoadWindow) => number): number => sum(perSecond(of)) * wallSeconds;
  const shared = (of: (window: LoadWindow) => number): number => mean(perSecond(of)) * wallSeconds;
  const user = shared(({ serverCpuSeconds }) => serverCpuSeconds.user);
  const system = shared(({ serverCpuSeconds }) => serverCpuSeconds.system);
  const loadCpuSeconds = added((window) => window.loadCpuSeconds);
  const machine = shared(({ machineCpuSeconds }) => machineCpuSeconds);
  return {
    receivedBytes: added(({ receivedBytes }) => receivedBytes),
    receivedBytesEach: windows.flatMap((window) =>
      window.receivedBytesEach.map((bytes) => (bytes / window.wallSeconds) * wallSeconds),
    ),
    wallSeconds,
    serverCpuSeconds: { user, system },
    serverResidentBytes: {
      total: Math.max(...windows.map(({ serverResidentBytes }) => serverResidentBytes.total)),
      anonymous: Math.max(
        ...windows.map(({ serverResidentBytes }) => serverResidentBytes.anonymous),
      ),
    },
    serverDiskReadBytes: shared(({ serverDiskReadBytes }) => serverDiskReadBytes),
    loadCpuSeconds,
    otherCpuSeconds: Math.max(0, machine - user - system - loadCpuSeconds),
    verifiedPieces: sum(windows.map(({ verifiedPieces }) => verifiedPieces)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
