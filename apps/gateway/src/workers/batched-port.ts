/** What messages go through, at either end. */
type Port<Sent> = { postMessage(messages: readonly Sent[]): void };

/**
 * Sends the messages of one turn of the event loop as one: a thousand peers that join at once, or
 * are choked in one round, wake the other thread once.
 */
export class BatchedPort<Sent> {
  readonly #port: Port<Sent>;
  #waiting: Sent[] = [];

  constructor(port: Port<Sent>) {
    this.#port = port;
  }

  post(message: Sent): void {
    if (this.#waiting.length === 0) setImmediate(() => this.flush());
    this.#waiting.push(message);
  }

  /** Sends at once what waits. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const messages = this.#waiting;
    this.#waiting = [];
    this.#port.postMessage(messages);
  }
}
