import { type Clock, delay, errorCode, errorMessage } from "@seedfleet/runtime";
import type { Looked } from "./observed.ts";

/**
 * Looks at one thing for so long at most, so that what hangs keeps nobody from the rest. Never
 * rejects. `look` is told when nobody waits any more.
 */
export async function lookWithin<Seen>(
  clock: Clock,
  timeoutMs: number,
  look: (given: AbortSignal) => Promise<Seen>,
): Promise<Looked<Seen>> {
  const over = new AbortController();
  const seen = look(over.signal).then(
    (value): Looked<Seen> => ({ kind: "seen", seen: value }),
    (error: unknown): Looked<Seen> => {
      return { kind: "failed", code: errorCode(error), reason: errorMessage(error) };
    },
  );
  const late = delay(clock, timeoutMs, over.signal).then((): Looked<Seen> => {
    return { kind: "late", afterMs: timeoutMs };
  });
  try {
    return await Promise.race([seen, late]);
  } finally {
    over.abort();
  }
}
