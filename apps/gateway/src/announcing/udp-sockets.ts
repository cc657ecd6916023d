import { createSocket, type Socket } from "node:dgram";
import type { UdpConnection } from "@seedfleet/announce";
import {
  type AddressFamily,
  type Endpoint,
  endpointFamily,
  endpointHost,
  endpointOf,
  endpointPort,
} from "@seedfleet/bytes";

/** Connection ids kept, each good for a minute; those used longest ago are forgotten first. */
export const UDP_CONNECTIONS_MAX = 256;

type Hear = (packet: Uint8Array) => void;

/**
 * A socket for each family, made when it is first needed, for all announces over UDP. Packets are
 * heard from addresses alone that somebody listens to.
 */
export class UdpSockets implements AsyncDisposable {
  readonly #sockets = new Map<AddressFamily, Socket>();
  readonly #listeners = new Map<Endpoint, Set<Hear>>();
  readonly #connections = new Map<Endpoint, UdpConnection>();
  #isClosed = false;

  /** Hears what comes from an address, until the function that it gives is called. */
  listen(from: Endpoint, hear: Hear): () => void {
    const listeners = this.#listeners.get(from) ?? new Set();
    this.#listeners.set(from, listeners.add(hear));
    return () => {
      listeners.delete(hear);
      if (listeners.size === 0) this.#listeners.delete(from);
    };
  }

  /** `failed` is told if the system does not take the packet; that it comes nobody can tell. */
  send(to: Endpoint, packet: Uint8Array, failed: (error: Error) => void): void {
    if (this.#isClosed) return failed(new Error("The sockets are closed"));
    const socket = this.#socketOf(endpointFamily(to), failed);
    socket.send(packet, endpointPort(to), endpointHost(to), (error) => {
      if (error !== null) failed(error);
    });
  }

  connectionTo(address: Endpoint): UdpConnection | null {
    return this.#connections.get(address) ?? null;
  }

  keep(address: Endpoint, connection: UdpConnection | null): void {
    this.#connections.delete(address);
    if (connection === null) return;
    this.#connections.set(address, connection);
    if (this.#connections.size <= UDP_CONNECTIONS_MAX) return;
    const [oldest] = this.#connections.keys();
    if (oldest !== undefined) this.#connections.delete(oldest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const closed = [...this.#sockets.values()].map(
      (socket) => new Promise<void>((resolve) => socket.close(resolve)),
    );
    this.#sockets.clear();
    await Promise.all(closed);
  }

  #socketOf(family: AddressFamily, failed: (error: Error) => void): Socket {
    const known = this.#sockets.get(family);
    if (known !== undefined) return known;
    const type = family === "ipv4" ? "udp4" : "udp6";
    const socket = createSocket({ type, ipv6Only: family === "ipv6" });
    this.#sockets.set(family, socket);
    socket.on("message", (packet, { address, port }) => this.#hear(packet, address, port));
    socket.on("error", (error) => {
      // As where a machine has no IPv6; the next announce tries again.
      if (this.#sockets.get(family) === socket) {
        this.#sockets.delete(family);
        socket.close();
      }
      failed(error);
    });
    socket.bind(0);
    socket.unref();
    return socket;
  }

  #hear(packet: Uint8Array, host: string, port: number): void {
    const from = endpointOf(host, port);
    const listeners = from === null ? undefined : this.#listeners.get(from);
    for (const hear of listeners ?? []) hear(packet);
  }
}
