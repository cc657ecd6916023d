import type { Socket } from "node:net";
import type { ConnectionKeeper } from "./connection-batches.ts";
import type { ConnectionHost } from "./connection-host.ts";
import type { HeldConnection } from "./held-connection.ts";
import { HttpConnection } from "./http-connection.ts";

/** The connections of one listener, from when Node.js has their socket until they are closed. */
export class Connections implements ConnectionKeeper {
  readonly host: ConnectionHost;
  readonly #max: number;
  readonly #all = new Set<HttpConnection>();
  readonly #held = new Set<HeldConnection>();
  readonly #gone = Promise.withResolvers<void>();
  #closed = false;

  constructor(max: number, host: ConnectionHost) {
    this.#max = max;
    this.host = host;
  }

  get count(): number {
    return this.#all.size + this.#held.size;
  }

  hasRoom(): boolean {
    return this.count < this.#max;
  }

  keep(socket: Socket, said: Buffer | null): void {
    if (!this.hasRoom()) {
      this.host.handler.refused("connections-full");
      socket.destroy();
      return;
    }
    const connection = this.#add(socket);
    if (said !== null) connection.begin(said);
  }

  keepUnsent(socket: Socket, unsent: Buffer): void {
    this.#add(socket).finish(unsent);
  }

  hold(connection: HeldConnection): void {
    this.#held.add(connection);
  }

  release(connection: HeldConnection): boolean {
    const wasHeld = this.#held.delete(connection);
    if (wasHeld) this.#leave();
    return wasHeld;
  }

  /** Ends those that have been waited for long enough. */
  expire(nowMs: number): void {
    for (const connection of this.#all) connection.expire(nowMs);
  }

  /** Ends those that ask nothing; the next reply of the others is their last. */
  drain(): void {
    for (const connection of this.#all) connection.drain();
  }

  destroy(): void {
    for (const connection of this.#all) connection.destroy();
    for (const connection of this.#held) connection.destroy();
    this.#held.clear();
    this.#leave();
  }

  /** Resolves when the last has gone, after which none may come. */
  gone(): Promise<void> {
    this.#closed = true;
    if (this.count === 0) this.#gone.resolve();
    return this.#gone.promise;
  }

  #add(socket: Socket): HttpConnection {
    const connection = new HttpConnection(socket, this.host);
    this.#all.add(connection);
    socket.once("close", () => {
      this.#all.delete(connection);
      this.#leave();
    });
    return connection;
  }

  /** One of them has gone. */
  #leave(): void {
    if (this.#closed && this.count === 0) this.#gone.resolve();
  }
}
