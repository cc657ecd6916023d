import type { NotedAnnounce } from "./replicas/replica-messages.ts";

/** So many are noted in a row, some 0.2 ms; then announces get their turn. */
export const NOTED_PER_TURN = 16;

/** Notes announces a few at a time: in one go, hundreds of spans keep others waiting for long. */
export class NoteTurns {
  readonly #note: (announce: NotedAnnounce) => void;
  #waiting: NotedAnnounce[] = [];
  #isPlanned = false;
  #stopped = false;

  constructor(note: (announce: NotedAnnounce) => void) {
    this.#note = note;
  }

  add(announces: readonly NotedAnnounce[]): void {
    this.#waiting.push(...announces);
    if (this.#stopped) this.#turn(this.#waiting.length);
    else if (!this.#isPlanned) this.#begin();
  }

  /** Notes what waits, and from now on each at once. */
  stop(): void {
    this.#stopped = true;
    this.#turn(this.#waiting.length);
  }

  #begin(): void {
    this.#turn(NOTED_PER_TURN);
    this.#isPlanned = this.#waiting.length > 0;
    if (this.#isPlanned) setImmediate(() => this.#begin());
  }

  #turn(count: number): void {
    const now = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    for (const announce of now) this.#note(announce);
  }
}
