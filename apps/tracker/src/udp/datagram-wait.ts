import type { LibcSockets } from "../sockets/libc-sockets.ts";
import { WAITED_FROM_CALLS_PER_MS, WAITS_PER_TURN_MAX } from "./udp-limits.ts";

const POLLIN = 1;
const WAIT_MS = 1;

/**
 * Waits for a socket's next datagram where datagrams come so fast that it is there sooner than the
 * event loop would be: `dgram` allocates for each that it takes, and all wait for the collection of
 * that garbage. In a turn of the event loop it waits a few times only, so others get theirs.
 */
export class DatagramWait {
  readonly #libc: LibcSockets;
  /** `struct pollfd`: the descriptor, what to wait for, and what came. */
  readonly #polled: Int16Array;
  readonly #polledAt: bigint;
  #atMs = 0;
  /** Calls that found datagrams: in this millisecond, and in the last before it that had any. */
  #calls = 0;
  #callsBefore = 0;
  #waitsLeft = WAITS_PER_TURN_MAX;

  constructor(libc: LibcSockets, descriptor: number) {
    this.#libc = libc;
    const polled = new Int32Array(2);
    polled[0] = descriptor;
    this.#polled = new Int16Array(polled.buffer);
    this.#polled[2] = POLLIN;
    this.#polledAt = libc.pointerTo(polled);
  }

  /** To be told of every call that found datagrams. */
  taken(nowMs: number): void {
    const atMs = Math.floor(nowMs);
    if (atMs !== this.#atMs) {
      this.#callsBefore = atMs - this.#atMs > WAIT_MS ? 0 : this.#calls;
      this.#calls = 0;
      this.#atMs = atMs;
    }
    this.#calls += 1;
  }

  /** Whether there is a datagram now; false without a wait where none is to be expected. */
  forNext(): boolean {
    if (Math.max(this.#calls, this.#callsBefore) < WAITED_FROM_CALLS_PER_MS) return false;
    if (this.#waitsLeft === 0) return false;
    if (this.#waitsLeft === WAITS_PER_TURN_MAX) {
      setImmediate(() => {
        this.#waitsLeft = WAITS_PER_TURN_MAX;
      });
    }
    this.#waitsLeft -= 1;
    this.#polled[3] = 0;
    if (this.#libc.poll(this.#polledAt, 1n, WAIT_MS) > 0) return true;
    // Over for now: who waits in vain keeps others waiting.
    this.#calls = 0;
    this.#callsBefore = 0;
    return false;
  }
}
