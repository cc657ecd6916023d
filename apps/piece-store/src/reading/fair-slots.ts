import { storeBusy } from "../errors.ts";

export type FairSlotsConfig = {
  readonly atOnceMax: number;
  /** Of these for one key. */
  readonly eachMax: number;
  readonly waitingMax: number;
};

type Lane = { taken: number; readonly waiting: Set<() => void> };

/**
 * So many at once, fewer of one key, so many more in a queue, the rest refused with `store-busy`.
 * Of one key first come, first served; the keys take turns, so that one with a long queue or slow
 * work holds up no other beyond its share. A slot is given back by disposing it.
 */
export class FairSlots {
  readonly #config: FairSlotsConfig;
  /** Of keys with a slot or a waiter, in the order of their turns. */
  readonly #lanes = new Map<string, Lane>();
  #taken = 0;
  #waiting = 0;

  constructor(config: FairSlotsConfig) {
    this.#config = config;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Rejects with the signal's reason when it aborts while waiting. */
  async take(key: string, signal?: AbortSignal): Promise<Disposable> {
    signal?.throwIfAborted();
    const lane = this.#lanes.get(key) ?? { taken: 0, waiting: new Set() };
    // A slot that somebody waits for is never free: it went to them when it was given back.
    if (this.#isFreeFor(lane)) this.#give(key, lane);
    else await this.#wait(key, lane, signal);
    let isGivenBack = false;
    return {
      [Symbol.dispose]: () => {
        if (!isGivenBack) this.#giveBack(key, lane);
        isGivenBack = true;
      },
    };
  }

  #isFreeFor(lane: Lane): boolean {
    const { atOnceMax, eachMax } = this.#config;
    return this.#taken < atOnceMax && lane.taken < eachMax;
  }

  /** The next turn is another's. */
  #give(key: string, lane: Lane): void {
    this.#taken += 1;
    lane.taken += 1;
    this.#lanes.delete(key);
    this.#lanes.set(key, lane);
  }

  async #wait(key: string, lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    const { waitingMax } = this.#config;
    if (this.#waiting >= waitingMax) throw storeBusy(waitingMax);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      if (!lane.waiting.delete(resolve)) return;
      this.#waiting -= 1;
      this.#forgetIfIdle(key, lane);
      reject(signal?.reason);
    };
    this.#lanes.set(key, lane);
    lane.waiting.add(resolve);
    this.#waiting += 1;
    signal?.addEventListener("abort", leave, { once: true });
    await promise.finally(() => signal?.removeEventListener("abort", leave));
  }

  #giveBack(key: string, lane: Lane): void {
    this.#taken -= 1;
    lane.taken -= 1;
    this.#forgetIfIdle(key, lane);
    for (const [nextKey, next] of this.#lanes) {
      const [waiter] = next.waiting;
      if (waiter === undefined || !this.#isFreeFor(next)) continue;
      next.waiting.delete(waiter);
      this.#waiting -= 1;
      this.#give(nextKey, next);
      waiter();
      return;
    }
  }

  #forgetIfIdle(key: string, lane: Lane): void {
    if (lane.taken === 0 && lane.waiting.size === 0) this.#lanes.delete(key);
  }
}
