import { type Clock, delay, systemRng } from "@seedfleet/runtime";
import { S3_ATTEMPTS_MAX, S3_REQUEST_MS_MAX, S3_REQUESTS_AT_ONCE_MAX } from "./limits.ts";
import { type S3Fault, s3Failed, s3FaultOf } from "./s3-fault.ts";
import { sdkFault } from "./sdk-error.ts";
import { Slots } from "./slots.ts";

/** The first wait, doubled for each that follows; up to half of it is left out at random. */
const WAIT_MS = { soon: 200, later: 1_000 } as const;

/**
 * One attempt at a request. It ends when `signal` aborts, and says by `heard` that the store is
 * alive. From the moment `signal` aborts it must not touch what the caller gave it.
 */
export type Attempt<Result> = (signal: AbortSignal, heard: () => void) => Promise<Result>;

export type AttemptOptions = {
  /** How long the store may be silent. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Makes requests, again where that may help, and ends them in time.
 *
 * The SDK would ask again too, but only until the headers are there, and by a clock of its own: a
 * body that breaks off needs a loop around that one, and the attempts would multiply.
 */
export class Attempts implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #slots = new Slots(S3_REQUESTS_AT_ONCE_MAX);
  /** What ends each run, and the run. */
  readonly #underWay = new Map<AbortController, Promise<unknown>>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects with an `S3Fault`, or with the caller's own reason to abort. */
  run<Result>(attempt: Attempt<Result>, options: AttemptOptions): Promise<Result> {
    // Not `AbortSignal.any`: it is held by its sources, of which some live as long as we do.
    const end = new AbortController();
    if (this.#isClosed) end.abort(closed());
    const running = this.#run(attempt, options, end);
    this.#underWay.set(end, running);
    const forget = (): boolean => this.#underWay.delete(end);
    running.then(forget, forget);
    return running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const end of this.#underWay.keys()) end.abort(closed());
    await Promise.allSettled(this.#underWay.values());
  }

  async #run<Result>(
    attempt: Attempt<Result>,
    { silenceMs, signal }: AttemptOptions,
    end: AbortController,
  ): Promise<Result> {
    using cleanup = new DisposableStack();
    cleanup.defer(onAbort(signal, (reason) => end.abort(reason)));
    cleanup.use(await this.#slots.take(end.signal));
    cleanup.defer(this.#clock.after(S3_REQUEST_MS_MAX, () => end.abort(tooLong())));
    for (let attempts = 1; ; attempts += 1) {
      end.signal.throwIfAborted();
      try {
        return await this.#once(attempt, silenceMs, end.signal);
      } catch (error) {
        const waitMs = attempts < S3_ATTEMPTS_MAX ? waitMsOf(s3FaultOf(error), attempts) : null;
        if (end.signal.aborted || waitMs === null) throw error;
        await delay(this.#clock, waitMs, end.signal);
      }
    }
  }

  async #once<Result>(
    attempt: Attempt<Result>,
    silenceMs: number,
    end: AbortSignal,
  ): Promise<Result> {
    const cut = new AbortController();
    using cleanup = new DisposableStack();
    cleanup.defer(onAbort(end, (reason) => cut.abort(reason)));
    let cancelSilence = (): void => {};
    cleanup.defer(() => cancelSilence());
    const heard = (): void => {
      cancelSilence();
      cancelSilence = this.#clock.after(silenceMs, () => cut.abort(silent(silenceMs)));
    };
    heard();
    try {
      // Not all that the SDK does heeds the signal, as looking for credentials does not.
      return await Promise.race([attempt(cut.signal, heard), aborted(cut.signal)]);
    } catch (error) {
      cut.signal.throwIfAborted();
      throw sdkFault(error);
    }
  }
}

/** Null where another attempt would not help. */
function waitMsOf(fault: S3Fault | null, attempts: number): number | null {
  if (fault?.detail.code !== "s3-failed" || fault.detail.retry === "never") return null;
  const longestMs = WAIT_MS[fault.detail.retry] * 2 ** (attempts - 1);
  return longestMs - systemRng.below(longestMs / 2);
}

function silent(silenceMs: number): S3Fault {
  return s3Failed(`it gives no byte for ${silenceMs / 1_000} s`, "soon");
}

function tooLong(): S3Fault {
  return s3Failed(`it is not done in ${S3_REQUEST_MS_MAX / 1_000} s`);
}

function closed(): S3Fault {
  return s3Failed("this process is closing its connections", "never", "ask it again later");
}

/** Calls `then` when the signal aborts, at once if it has. Gives what stops that. */
function onAbort(signal: AbortSignal | undefined, then: (reason: unknown) => void): () => void {
  if (signal?.aborted) then(signal.reason);
  const listener = (): void => then(signal?.reason);
  signal?.addEventListener("abort", listener, { once: true });
  return () => signal?.removeEventListener("abort", listener);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => onAbort(signal, reject));
}
