import type { PublishProgress } from "@seedfleet/contracts";
import type { CancelTimer, Clock } from "@seedfleet/runtime";

/** Five times a second: smooth for a person, nothing for the bus. */
export const PROGRESS_INTERVAL_MS = 200;

/** Well within the silence after which an asker gives up, also while listing or waiting. */
export const PROGRESS_SILENCE_MS_MAX = 5_000;

export type Hashing = Extract<PublishProgress, { kind: "hashing" }>;
export type Published = Extract<PublishProgress, { kind: "published" }>;

export type JobControl = {
  /** Aborts when nobody waits for the job any more, or the store stops. */
  readonly signal: AbortSignal;
  /** May be called as often as one likes. */
  readonly progress: (progress: Hashing) => void;
};

type State = { readonly kind: "running" } | { readonly kind: "settled"; readonly error: unknown };

/**
 * One publish under way, with all who asked for it. Each is told the latest progress as fast as it
 * takes it, and the result; when the last has gone away, the job is aborted.
 */
export class PublishJob {
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #cancelHeartbeat: CancelTimer;
  #latest: PublishProgress;
  /** Counts what has been told, so that a follower knows whether it has the latest. */
  #told = 1;
  #toldAtMs: number;
  #state: State = { kind: "running" };
  #news = Promise.withResolvers<void>();
  #followers = 0;

  constructor(clock: Clock, name: string) {
    this.#clock = clock;
    this.#latest = { kind: "hashing", name, hashedBytes: 0, totalBytes: 0 };
    this.#toldAtMs = clock.nowMs();
    this.#cancelHeartbeat = clock.every(PROGRESS_SILENCE_MS_MAX, () => this.#tell(this.#latest));
  }

  get aborted(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Does the work. Never rejects: the followers are told. */
  async run(work: (control: JobControl) => Promise<Published>): Promise<void> {
    const { signal } = this.#abort;
    try {
      const published = await work({ signal, progress: (progress) => this.#progress(progress) });
      this.#tell(published);
      this.#state = { kind: "settled", error: null };
    } catch (error) {
      this.#state = { kind: "settled", error };
    } finally {
      this.#cancelHeartbeat();
      this.#announce();
    }
  }

  abort(reason: Error): void {
    this.#abort.abort(reason);
  }

  async *follow(asker: AbortSignal): AsyncGenerator<PublishProgress, void, void> {
    const wake = (): void => this.#announce();
    asker.addEventListener("abort", wake);
    this.#followers += 1;
    try {
      for (let told = 0; !asker.aborted; ) {
        if (told !== this.#told) {
          told = this.#told;
          yield this.#latest;
        } else if (this.#state.kind === "running") {
          await this.#news.promise;
        } else {
          if (this.#state.error !== null) throw this.#state.error;
          return;
        }
      }
    } finally {
      asker.removeEventListener("abort", wake);
      this.#followers -= 1;
      if (this.#followers === 0) this.#abort.abort();
    }
  }

  #progress(progress: Hashing): void {
    const { totalBytes } = progress;
    const first = this.#latest.kind === "hashing" && this.#latest.totalBytes !== totalBytes;
    const due = this.#clock.nowMs() - this.#toldAtMs >= PROGRESS_INTERVAL_MS;
    if (first || due) this.#tell(progress);
    // Not told now, but what a heartbeat or a newcomer shall hear.
    else this.#latest = progress;
  }

  #tell(progress: PublishProgress): void {
    this.#latest = progress;
    this.#told += 1;
    this.#toldAtMs = this.#clock.nowMs();
    this.#announce();
  }

  #announce(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}
