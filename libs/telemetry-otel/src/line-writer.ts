import { errorCode } from "@seedfleet/runtime";
import { type DestinationStream, pino } from "pino";

/** Lines beyond this are dropped: a reader that stopped must not stop or bloat the service. */
export const LOG_BUFFER_BYTES_MAX = 1_048_576;

/** A reader that takes longer has stopped; the service ends without it. */
const FLUSH_TIMEOUT_MS = 1_000;

/**
 * Lines to a file descriptor, in the order they were written and without waiting for its reader.
 * The last are awaited by `flush()`; the writer's own `flushSync()` would overtake a write that is
 * under way, and would wait for a stopped reader for ever.
 */
export class LineWriter implements DestinationStream {
  readonly #file: ReturnType<typeof pino.destination>;
  #drained = true;
  #readerGone = false;

  constructor(fd: number) {
    this.#file = pino.destination({ fd, sync: false, maxLength: LOG_BUFFER_BYTES_MAX });
    this.#file.on("drain", () => {
      this.#drained = true;
    });
    this.#file.on("error", (error) => {
      this.#drained = true;
      this.#readerGone ||= errorCode(error) === "EPIPE";
    });
  }

  write(line: string): void {
    if (this.#readerGone) return;
    this.#drained = false;
    this.#file.write(line);
  }

  async flush(): Promise<void> {
    if (this.#drained) return;
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const late = setTimeout(resolve, FLUSH_TIMEOUT_MS);
    this.#file.once("drain", resolve).once("error", () => resolve());
    await done;
    clearTimeout(late);
  }
}
