import type { VirtualClock } from "./virtual-clock.ts";

/** One turn of the event loop: all that is ready runs, and nothing is waited for. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Moves the clock on, a step at a time, until `promise` settles, and gives its result. For a timer
 * that is set only after some awaiting, so that a single `advance` would come too early.
 */
export async function advanceUntil<Result>(
  clock: VirtualClock,
  stepMs: number,
  promise: Promise<Result>,
): Promise<Result> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  while (!settled) {
    await turn();
    clock.advance(stepMs);
  }
  return promise;
}

/** Gathers what comes, and lets a test wait until it has what it is looking for. */
export class Gathered<Item> {
  readonly items: Item[] = [];
  readonly #waiting = new Set<() => void>();

  /** A function of its own, to be handed over as a listener. */
  readonly add = (item: Item): void => {
    this.items.push(item);
    for (const look of this.#waiting) look();
  };

  /** Resolves with the items once there are so many. */
  count(count: number): Promise<readonly Item[]> {
    return this.until((items) => items.length >= count);
  }

  until(isEnough: (items: readonly Item[]) => boolean): Promise<readonly Item[]> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isEnough(this.items)) return;
        this.#waiting.delete(look);
        resolve(this.items);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
