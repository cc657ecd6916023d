import { storeBusy } from "./errors.ts";

export type SlotsConfig = { readonly atOnceMax: number; readonly waitingMax: number };

type Waiter = { readonly give: () => void };

/**
 * So many at once, so many more in a queue, the rest refused with `store-busy`. First come, first
 * served. A slot is given back by disposing it.
 */
export class Slots {
  readonly #config: SlotsConfig;
  readonly #waiting = new Set<Waiter>();
  #taken = 0;

  constructor(config: SlotsConfig) {
    this.#config = config;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Rejects with the signal's reason when it aborts while waiting. */
  async take(signal?: AbortSignal): Promise<Disposable> {
    signal?.throwIfAborted();
    if (this.#taken < this.#config.atOnceMax) this.#taken += 1;
    else await this.#wait(signal);
    return { [Symbol.dispose]: () => this.#giveBack() };
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const { waitingMax } = this.#config;
    if (this.#waiting.size >= waitingMax) throw storeBusy(waitingMax);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { give: resolve };
    const leave = (): void => {
      if (this.#waiting.delete(waiter)) reject(signal?.reason);
    };
    this.#waiting.add(waiter);
    signal?.addEventListener("abort", leave, { once: true });
    await promise.finally(() => signal?.removeEventListener("abort", leave));
  }

  /** The slot goes from hand to hand, so that nobody can come in between. */
  #giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#waiting.delete(next);
    next.give();
  }
}
