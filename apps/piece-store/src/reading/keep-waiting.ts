import type { Clock } from "@seedfleet/runtime";

const NOTHING: Uint8Array = new Uint8Array(0);

export type Patience = {
  readonly clock: Clock;
  /** How often the asker is told, by a chunk without bytes, that it is not waiting in vain. */
  readonly everyMs: number;
  readonly maxMs: number;
  /** What is thrown after that. */
  readonly tooLong: () => Error;
};

/** Gives the result, and meanwhile empty chunks: an asker on the bus takes silence for an end. */
export async function* keepWaiting<Result>(
  result: Promise<Result>,
  { clock, everyMs, maxMs, tooLong }: Patience,
): AsyncGenerator<Uint8Array, Result, void> {
  const untilMs = clock.nowMs() + maxMs;
  while (true) {
    const silence = Promise.withResolvers<null>();
    const waitMs = Math.min(everyMs, untilMs - clock.nowMs());
    const cancel = clock.after(waitMs, () => silence.resolve(null));
    try {
      const first = await Promise.race([result.then(wrap), silence.promise]);
      if (first !== null) return first.result;
    } finally {
      cancel();
    }
    if (clock.nowMs() >= untilMs) throw tooLong();
    yield NOTHING;
  }
}

function wrap<Result>(result: Result): { readonly result: Result } {
  return { result };
}
