import { type Clock, errorCode, errorMessage, SeedfleetError } from "@seedfleet/runtime";
import type { Counter, Log, Telemetry } from "@seedfleet/telemetry";

/** One line per reason in this time, so that a flood of bad messages is not a flood of logs. */
const LOG_INTERVAL_MS = 10_000;

export type DropReason = "malformed" | "invalid-payload" | "disconnected";

export type FailedJob = {
  readonly queue: string;
  readonly lane: string;
  readonly attempt: number;
};

/** Counts and logs what goes wrong where there is no caller to tell. */
export class Faults {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #dropped: Counter;
  readonly #failures: Counter;
  readonly #loggedAtMs = new Map<DropReason, number>();

  constructor(clock: Clock, { log, meter }: Telemetry) {
    this.#clock = clock;
    this.#log = log;
    this.#dropped = meter.counter("seedfleet_bus_dropped_messages", "Messages dropped, by reason");
    this.#failures = meter.counter("seedfleet_bus_handler_failures", "Handlers that threw");
  }

  dropped(reason: DropReason, subject: string, issues: readonly string[] = []): void {
    this.#dropped.add(1, { reason });
    const nowMs = this.#clock.nowMs();
    if (nowMs - (this.#loggedAtMs.get(reason) ?? -Infinity) < LOG_INTERVAL_MS) return;
    this.#loggedAtMs.set(reason, nowMs);
    this.#log.warn("bus message dropped", { reason, subject, issues: issues.join("; ") });
  }

  handlerFailed(subject: string, error: unknown): void {
    this.#failures.add(1, { subject });
    const fields = { subject, code: errorCode(error), message: errorMessage(error) };
    // A refusal with a code is an answer that its asker understands; an operator need not.
    if (error instanceof SeedfleetError) this.#log.debug("bus handler refused", fields);
    else this.#log.error("bus handler failed", fields);
  }

  /** Nobody waits for a job's answer, so an operator is told of what has a code, too. */
  jobFailed(job: FailedJob, error: unknown): void {
    // Lanes may be many, and a label has few values.
    this.#failures.add(1, { subject: job.queue });
    const fields = { ...job, code: errorCode(error), message: errorMessage(error) };
    this.#log.warn("queued job failed, it is tried again", fields);
  }
}
