import { hasEnded, type IngestJobs } from "@seedfleet/fleet";
import { type Clock, errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";

/** Of one holder: weeks of publishing for most, and still read in a second or so. */
export const JOBS_KEPT_MAX = 1_000;

/** Who asks what became of a job asks sooner. */
export const JOBS_KEPT_MS_MAX: number = 30 * 24 * 3_600_000;

type EndedPorts = {
  readonly clock: Clock;
  readonly jobs: IngestJobs;
  readonly log: Log;
};

/** The jobs of one holder that are over, the oldest first; those too many or too old go. */
export class EndedJobs {
  readonly #ports: EndedPorts;
  #endedAtMs: Map<string, number> = new Map();
  #working: Promise<void> = Promise.resolve();

  constructor(ports: EndedPorts) {
    this.#ports = ports;
  }

  /** Reads what earlier runs have left, and forgets what is too much. Never rejects. */
  load(holder: string): Promise<void> {
    return this.#inTurn(async () => {
      const listed = await this.#ports.jobs.list();
      const ended = listed
        .filter((job) => job.request.holder === holder && hasEnded(job))
        .toSorted((a, b) => a.updatedAtMs - b.updatedAtMs)
        .map(({ id, updatedAtMs }): [string, number] => [id, updatedAtMs]);
      // What has ended since then comes after it.
      this.#endedAtMs = new Map([...ended, ...this.#endedAtMs]);
      await this.#prune();
    });
  }

  ended(id: string): void {
    this.#endedAtMs.delete(id);
    this.#endedAtMs.set(id, this.#ports.clock.nowMs());
  }

  /** It was asked for again, so its record is that of a job which is not over. */
  begun(id: string): void {
    this.#endedAtMs.delete(id);
  }

  /** Never rejects: what cannot be forgotten now is forgotten the next time. */
  prune(): Promise<void> {
    return this.#inTurn(() => this.#prune());
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#working = this.#working.then(work).catch((error: unknown) => {
      this.#ports.log.debug("ended jobs not forgotten", { reason: errorMessage(error) });
    });
    return this.#working;
  }

  async #prune(): Promise<void> {
    const { clock, jobs } = this.#ports;
    for (const [id, endedAtMs] of this.#endedAtMs) {
      const isOld = endedAtMs < clock.nowMs() - JOBS_KEPT_MS_MAX;
      if (!isOld && this.#endedAtMs.size <= JOBS_KEPT_MAX) return;
      const job = await jobs.find(id);
      if (job !== null && hasEnded(job)) await jobs.forget(id);
      this.#endedAtMs.delete(id);
    }
  }
}
