import type { Socket } from "node:net";
import type { Clock } from "@seedfleet/runtime";
import type { CloseReason } from "./close-reason.ts";
import { HANDSHAKE_TIMEOUT_MS } from "./peer-limits.ts";

export type NoMoreReads = Extract<CloseReason, "peer-closed" | "handshake-timeout">;

/**
 * Reads a socket one chunk at a time, and pauses it in between: until a peer has said who it is, it
 * can make us hold one read and no more. All of a handshake has one deadline. Disposing leaves the
 * socket paused, without listeners.
 */
export class HandshakeReads implements Disposable {
  readonly #socket: Socket;
  readonly #cancel: () => void;
  #ended: NoMoreReads | null = null;
  #tell: (() => void) | null = null;
  #chunk: Buffer | null = null;

  constructor(clock: Clock, socket: Socket) {
    this.#socket = socket;
    socket.on("data", this.#receive).on("close", this.#leave);
    this.#cancel = clock.after(HANDSHAKE_TIMEOUT_MS, () => this.#end("handshake-timeout"));
  }

  /** The next bytes, or why there are none. */
  async next(): Promise<Buffer | NoMoreReads> {
    if (this.#ended === null) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#tell = resolve;
      this.#socket.resume();
      await promise;
    }
    const chunk = this.#chunk;
    this.#chunk = null;
    return chunk ?? this.#ended ?? "peer-closed";
  }

  [Symbol.dispose](): void {
    this.#cancel();
    this.#socket.pause();
    this.#socket.off("data", this.#receive).off("close", this.#leave);
  }

  readonly #receive = (bytes: Buffer): void => {
    this.#socket.pause();
    // It may lie in memory that the next read of any socket is written to.
    this.#chunk = Buffer.from(bytes);
    this.#tell?.();
  };

  readonly #leave = (): void => this.#end("peer-closed");

  #end(reason: NoMoreReads): void {
    this.#ended ??= reason;
    this.#tell?.();
  }
}
