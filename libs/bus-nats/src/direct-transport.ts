import { createConnection, type Socket } from "node:net";
import type { NodeConnectionOptions } from "@nats-io/transport-node";
import { NodeTransport } from "@nats-io/transport-node/lib/node_transport.js";
import type { DirectLane, LaneSocket } from "./direct-lane.ts";
import type { MessageReader } from "./message-reader.ts";

/** Until the connection is open only the server's greeting comes. */
const GREETING_READ_BYTES = 16 * 1024;

/** Options of a connection that has a lane beside the client's. */
export type LaneOptions = NodeConnectionOptions & { readonly lane: DirectLane };

type Address = Parameters<NodeTransport["connect"]>[0];

/**
 * The vendor's connection, with a lane on it. Once it is open, all that comes goes through the
 * lane's reader, and straight into its memory where the connection is not encrypted.
 */
export class DirectTransport extends NodeTransport implements LaneSocket {
  #lane: DirectLane | null = null;
  #reader: MessageReader | null = null;
  readonly #greeting = Buffer.allocUnsafeSlow(GREETING_READ_BYTES);

  override async connect(address: Address, options: NodeConnectionOptions): Promise<void> {
    // The client hands its options from connection to connection as they came.
    this.#lane = (options as Partial<LaneOptions>).lane ?? null;
    await super.connect(address, options);
  }

  override async dial({ hostname, port }: Pick<Address, "hostname" | "port">): Promise<Socket> {
    const socket = createConnection({
      ...{ host: hostname, port, noDelay: true },
      onread: {
        buffer: () => this.#reader?.room() ?? this.#greeting,
        callback: (byteLength, bytes) => this.#received(byteLength, bytes),
      },
    });
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    this.socket = socket;
    socket.once("connect", () => resolve(socket)).once("error", reject);
    await promise;
    socket.removeAllListeners();
    return socket;
  }

  override setupHandlers(): void {
    super.setupHandlers();
    const { socket } = this;
    this.#reader =
      this.#lane?.open(this, (bytes) => {
        this.yields.push(bytes);
        this.signal.resolve();
      }) ?? null;
    if (this.#reader === null) return;
    // An encrypted connection gives its bytes in memory of its own.
    socket.removeAllListeners("data");
    socket.on("data", (bytes: Buffer) => this.#copy(bytes));
  }

  write(parts: readonly Uint8Array[], written: () => void): void {
    const { socket } = this;
    if (this.isClosed || socket === undefined || socket.destroyed) return written();
    socket.cork();
    for (const part of parts.slice(0, -1)) socket.write(part);
    socket.write(parts.at(-1) ?? "", written);
    socket.uncork();
  }

  /** True: go on reading. */
  #received(byteLength: number, bytes: Uint8Array): boolean {
    // The first bytes for the reader still come to where the greeting did.
    if (bytes === this.#greeting)
      this.socket.emit("data", Buffer.copyBytesFrom(bytes, 0, byteLength));
    else if (this.#reader !== null) this.#take(this.#reader, byteLength);
    return true;
  }

  #copy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#reader !== null; ) {
      const room = this.#reader.room();
      const part = bytes.subarray(at, at + room.length);
      room.set(part);
      at += part.length;
      this.#take(this.#reader, part.length);
    }
  }

  #take(reader: MessageReader, byteLength: number): void {
    if (!reader.received(byteLength)) this.socket.destroy(new Error("the server spoke no NATS"));
  }
}
