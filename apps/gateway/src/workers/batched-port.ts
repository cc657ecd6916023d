/** What messages go through, at either end. */
type Port<Sent> = {
  postMessage(messages: readonly Sent[], moved: ArrayBuffer[]): void;
};

/**
 * Sends the messages of one turn of the event loop as one: a thousand peers that join at once, or
 * are choked in one round, wake the other thread once.
 */
export class BatchedPort<Sent> {
  readonly #port: Port<Sent>;
  #waiting: Sent[] = [];
  #moved: ArrayBuffer[] = [];

  constructor(port: Port<Sent>) {
    this.#port = port;
  }

  /** The memory that is moved is the other thread's from then on, and not copied. */
  post(message: Sent, moved: ArrayBuffer | null = null): void {
    if (this.#waiting.length === 0) setImmediate(() => this.flush());
    this.#waiting.push(message);
    if (moved !== null) this.#moved.push(moved);
  }

  /** Sends at once what waits. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const messages = this.#waiting;
    const moved = this.#moved;
    this.#waiting = [];
    this.#moved = [];
    this.#port.postMessage(messages, moved);
  }
}
