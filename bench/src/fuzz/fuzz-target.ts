import type { BenchProcess } from "../bench-process.ts";

export const FUZZ_TARGETS = ["gateway", "tracker", "private-tracker"] as const;

export type FuzzTargetName = (typeof FUZZ_TARGETS)[number];

/** How one strange client's visit went. */
export type SessionDone = {
  /** Which way to be strange it was. */
  readonly kind: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** The other side ended it. */
  readonly wasClosed: boolean;
};

/** A running program that strange clients talk to, while good ones see what they notice. */
export type FuzzTarget = {
  /** What messages call it. */
  readonly name: string;
  readonly child: BenchProcess;
  readonly pid: number;
  readonly adminUrl: string;
  /** What it may grow beyond what it had when all kinds of session had been seen. */
  readonly growthBytesMax: number;
  /** A strange client; what it does follows from the seed. Throws what must never come of it. */
  strange(seed: number): Promise<SessionDone>;
  /** What a good client does, whole; throws if it is not served well. */
  good(serial: number): Promise<void>;
  /** What it counted, for whoever reads the report. */
  counted(): Promise<string>;
};
