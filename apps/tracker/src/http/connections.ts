import type { Socket } from "node:net";
import type { ConnectionKeeper } from "./connection-batches.ts";
import { type ConnectionHost, HttpConnection } from "./http-connection.ts";

/** The connections of one listener, from when Node.js has their socket until they are closed. */
export class Connections implements ConnectionKeeper {
  readonly host: ConnectionHost;
  readonly #max: number;
  readonly #all = new Set<HttpConnection>();
  readonly #gone = Promise.withResolvers<void>();
  #closed = false;

  constructor(max: number, host: ConnectionHost) {
    this.#max = max;
    this.host = host;
  }

  get count(): number {
    return this.#all.size;
  }

  hasRoom(): boolean {
    return this.#all.size < this.#max;
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
  }

  /** Resolves when the last has gone, after which none may come. */
  gone(): Promise<void> {
    this.#closed = true;
    if (this.#all.size === 0) this.#gone.resolve();
    return this.#gone.promise;
  }

  #add(socket: Socket): HttpConnection {
    const connection = new HttpConnection(socket, this.host);
    this.#all.add(connection);
    socket.once("close", () => {
      this.#all.delete(connection);
      if (this.#closed && this.#all.size === 0) this.#gone.resolve();
    });
    return connection;
  }
}
