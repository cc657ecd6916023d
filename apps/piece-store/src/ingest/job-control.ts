import type { Bus } from "@seedfleet/bus";
import { type IngestProgress, ingestProgressEvent } from "@seedfleet/contracts";
import type { Clock } from "@seedfleet/runtime";
import type { Checkpoint } from "./checkpoints.ts";

/** Five times a second: smooth for a person, nothing for the bus. */
export const PROGRESS_INTERVAL_MS = 200;

type Phase = IngestProgress["phase"];

/** What a job's work is given beside its request. */
export type JobControl = {
  /** Aborts when the job is cancelled or its store stops. */
  readonly signal: AbortSignal;
  /** May be called as often as one likes. */
  readonly progress: (progress: JobProgress) => void;
  /** Of each location that is hashed, by its place among the request's. */
  readonly checkpointOf: (part: number) => Checkpoint;
};

export type JobProgress = {
  readonly phase: Phase;
  readonly name: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** What is done by now was done by an earlier run, and says nothing of the pace of this one. */
  readonly isStart?: boolean;
};

type Start = { readonly phase: Phase; readonly atMs: number; readonly doneBytes: number };

/** Tells how far a job is, and from its pace how long it still takes. */
export class ProgressTeller {
  readonly #ports: { readonly bus: Bus; readonly clock: Clock };
  readonly #job: string;
  #start: Start | null = null;
  #toldAtMs = -Infinity;

  constructor(ports: { readonly bus: Bus; readonly clock: Clock }, job: string) {
    this.#ports = ports;
    this.#job = job;
  }

  tell({ isStart = false, ...progress }: JobProgress): void {
    const { phase, doneBytes, totalBytes } = progress;
    const nowMs = this.#ports.clock.nowMs();
    const starts = isStart || this.#start?.phase !== phase;
    if (starts || this.#start === null) this.#start = { phase, atMs: nowMs, doneBytes };
    const due = nowMs - this.#toldAtMs >= PROGRESS_INTERVAL_MS;
    if (!starts && !due && doneBytes < totalBytes) return;
    this.#toldAtMs = nowMs;
    this.#publish({ ...progress, ...paceSince(this.#start, progress, nowMs) });
  }

  /** Whoever hashes must not end because nobody can hear of it. */
  #publish(told: IngestProgress): void {
    try {
      this.#ports.bus.publish(ingestProgressEvent, { job: this.#job }, told);
    } catch {
      // The bus is closed: the job is about to be given back.
    }
  }
}

function paceSince(
  start: Start,
  { doneBytes, totalBytes }: JobProgress,
  nowMs: number,
): Pick<IngestProgress, "bytesPerSecond" | "remainingMs"> {
  const elapsedMs = nowMs - start.atMs;
  const doneHere = Math.max(0, doneBytes - start.doneBytes);
  const bytesPerSecond = elapsedMs > 0 ? (doneHere * 1_000) / elapsedMs : 0;
  const leftBytes = Math.max(0, totalBytes - doneBytes);
  const remainingMs = bytesPerSecond > 0 ? (leftBytes * 1_000) / bytesPerSecond : null;
  return { bytesPerSecond, remainingMs };
}
