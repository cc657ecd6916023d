import type { Clock } from "@seedfleet/runtime";

/** Handlers at work, so that closing can wait for them. */
export class Running {
  readonly #works = new Set<Promise<void>>();

  /** `work` must not reject: nobody would hear it. */
  add(work: Promise<void>): void {
    this.#works.add(work);
    void work.finally(() => this.#works.delete(work));
  }

  /** Resolves when nothing is at work, or after `timeoutMs`. */
  async settle(clock: Clock, timeoutMs: number): Promise<void> {
    if (this.#works.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancelTimer = clock.after(timeoutMs, resolve);
    await Promise.race([this.#allDone(), promise]);
    cancelTimer();
  }

  async #allDone(): Promise<void> {
    // A handler that ends may have let another begin, so one look is not enough.
    while (this.#works.size > 0) await Promise.all(this.#works);
  }
}
