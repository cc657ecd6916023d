/**
 * So many deliveries run before the event loop gets its turn. Handlers that answer each other
 * would otherwise go on in microtasks for ever, and no socket or timer would be served.
 */
const DELIVERIES_PER_TURN_MAX = 256;

/** Runs tasks in the order they came, never on the stack of whoever added them. */
export class DeliveryQueue {
  #waiting: (() => void)[] = [];
  #scheduled = false;
  #doneThisTurn = 0;

  add(task: () => void): void {
    this.#waiting.push(task);
    this.#schedule();
  }

  /** Resolves when everything added so far has run. */
  caughtUp(): Promise<void> {
    return new Promise((resolve) => this.add(resolve));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#doneThisTurn < DELIVERIES_PER_TURN_MAX) {
      queueMicrotask(() => this.#drain());
    } else {
      setImmediate(() => {
        this.#doneThisTurn = 0;
        this.#drain();
      });
    }
  }

  #drain(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    let next = 0;
    try {
      while (next < batch.length && this.#doneThisTurn < DELIVERIES_PER_TURN_MAX) {
        const task = batch[next];
        next += 1;
        this.#doneThisTurn += 1;
        task?.();
      }
    } finally {
      // Also when a task threw: that is a bug and ends the process, but loses no other task.
      if (next < batch.length) this.#waiting = [...batch.slice(next), ...this.#waiting];
      this.#scheduled = false;
      if (this.#waiting.length > 0) this.#schedule();
    }
  }
}
