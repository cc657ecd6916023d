import { type PinnedBytes, pinned, pollSockets } from "./libc.ts";

const POLLFD_BYTES = 8;
const EVENTS_AT = 4;
const RETURNED_AT = 6;

export const POLL_IN = 0x1;
export const POLL_OUT = 0x4;

/** No socket: the kernel passes over it. */
const NONE = -1;

/** Which of a fixed number of sockets have something to tell (`poll`), by their place. */
export class SocketPoll {
  readonly #memory: PinnedBytes;
  readonly #view: DataView;
  readonly #count: bigint;

  constructor(count: number) {
    this.#memory = pinned(new Uint8Array(count * POLLFD_BYTES));
    this.#view = new DataView(this.#memory.bytes.buffer);
    this.#count = BigInt(count);
    for (let place = 0; place < count; place += 1) this.clear(place);
  }

  watch(place: number, socket: number, events: number): void {
    this.#view.setInt32(place * POLLFD_BYTES, socket, true);
    this.#view.setInt16(place * POLLFD_BYTES + EVENTS_AT, events, true);
  }

  clear(place: number): void {
    this.watch(place, NONE, 0);
  }

  /** How many have something to tell within the time; `events` then says what. */
  look(timeoutMs: number): number {
    return pollSockets(this.#memory.pointer, this.#count, timeoutMs);
  }

  events(place: number): number {
    return this.#view.getInt16(place * POLLFD_BYTES + RETURNED_AT, true);
  }
}
