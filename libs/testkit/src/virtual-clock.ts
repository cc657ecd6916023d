import assert from "node:assert/strict";
import type { CancelTimer, Clock } from "@seedfleet/runtime";

type Timer = { readonly order: number; dueMs: number; run: () => void };

/** A clock that stands still until `advance` moves it. Begins at 0. */
export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #nowMs = 0;
  #timersMade = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    const timer = this.#add(delayMs, () => {
      this.#timers.delete(timer);
      run();
    });
    return () => this.#timers.delete(timer);
  }

  every(intervalMs: number, run: () => void): CancelTimer {
    assert(intervalMs > 0);
    const timer = this.#add(intervalMs, () => {
      timer.dueMs += intervalMs;
      run();
    });
    return () => this.#timers.delete(timer);
  }

  /** Runs every timer that falls due on the way, in the order of their times, each at its time. */
  advance(durationMs: number): void {
    assert(durationMs >= 0);
    const untilMs = this.#nowMs + durationMs;
    for (let timer = this.#next(untilMs); timer !== null; timer = this.#next(untilMs)) {
      this.#nowMs = timer.dueMs;
      timer.run();
    }
    this.#nowMs = untilMs;
  }

  #add(delayMs: number, run: () => void): Timer {
    const timer = { order: this.#timersMade++, dueMs: this.#nowMs + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    return timer;
  }

  #next(untilMs: number): Timer | null {
    let next: Timer | null = null;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (next === null || isBefore(timer, next))) next = timer;
    }
    return next;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}
