import { NAME_BYTES } from "./connection-memory.ts";
import type { HeldConnection } from "./held-connection.ts";
import { SILENT_TURNS_MAX } from "./http-limits.ts";

/** A connection that has said nothing yet; used for the next when that is over. */
export class SilentConnection implements HeldConnection {
  /** Its address, as `ConnectionMemory` has it. */
  readonly name: Uint8Array = new Uint8Array(NAME_BYTES);
  descriptor = -1;
  readonly #close: (descriptor: number) => void;
  #turns = 0;

  constructor(close: (descriptor: number) => void) {
    this.#close = close;
  }

  get isDestroyed(): boolean {
    return this.descriptor < 0;
  }

  begin(descriptor: number, name: Uint8Array): void {
    this.descriptor = descriptor;
    this.#turns = 0;
    for (let at = 0; at < name.length; at += 1) this.name[at] = name[at] ?? 0;
  }

  /** It was looked at and said nothing: whether it may do so again. */
  stays(): boolean {
    this.#turns += 1;
    return this.#turns < SILENT_TURNS_MAX;
  }

  destroy(): void {
    this.#close(this.descriptor);
    this.descriptor = -1;
  }
}

/** The connections of a crowd that have said nothing yet, in the order they came. */
export class SilentConnections {
  readonly #close: (descriptor: number) => void;
  readonly #unused: SilentConnection[] = [];
  #waiting: SilentConnection[] = [];
  #lookedAt: SilentConnection[] = [];

  /** `close` is for the descriptors of those that are destroyed. */
  constructor(close: (descriptor: number) => void) {
    this.#close = close;
  }

  add(descriptor: number, name: Uint8Array): SilentConnection {
    const silent = this.#unused.pop() ?? new SilentConnection(this.#close);
    silent.begin(descriptor, name);
    this.#waiting.push(silent);
    return silent;
  }

  /** Looks at each that is not destroyed; those of which `isSilent` stay. */
  look(isSilent: (silent: SilentConnection) => boolean): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = this.#lookedAt;
    this.#lookedAt = waiting;
    for (const silent of waiting) {
      if (!silent.isDestroyed && isSilent(silent)) this.#waiting.push(silent);
      else this.#unused.push(silent);
    }
    waiting.length = 0;
  }
}
