import type { CloseReason } from "../peers/close-reason.ts";
import type { BatchedPort } from "./batched-port.ts";
import type { Dialled, ToWorker } from "./worker-messages.ts";

/** The connections that a peer thread opens for the thread that knows the fleet. */
export class ThreadDials {
  readonly #port: BatchedPort<ToWorker>;
  readonly #waiting = new Map<number, (reason: CloseReason | null) => void>();
  #lastCall = 0;

  constructor(port: BatchedPort<ToWorker>) {
    this.#port = port;
  }

  /** Why there is no connection; null if there is one. */
  dial(peer: Dialled): Promise<CloseReason | null> {
    const { promise, resolve } = Promise.withResolvers<CloseReason | null>();
    this.#lastCall += 1;
    this.#waiting.set(this.#lastCall, resolve);
    const { askedAs, address } = peer;
    this.#port.post({ kind: "dial", call: this.#lastCall, peer: { askedAs, address } });
    return promise;
  }

  dialled(call: number, reason: CloseReason | null): void {
    this.#waiting.get(call)?.(reason);
    this.#waiting.delete(call);
  }
}
