import { MsgHdrsImpl } from "@nats-io/transport-node";
import type { Headers, PublishOptions } from "@seedfleet/bus";
import { MemoryPool } from "@seedfleet/bytes";
import { MessageReader, type MessageTaker } from "./message-reader.ts";

/**
 * What a store has of pieces that are on their way to disk (64 MiB), and more behind them. With
 * less the engine looks for garbage all the time that it takes pieces. What is not needed any more
 * is not kept (`trim`).
 */
export const RECEIVED_FREE_BYTES_MAX: number = 96 * 1024 * 1024;

const LINE_END: Uint8Array = Buffer.from("\r\n");

/** What takes bytes to the server: the connection of the moment. */
export type LaneSocket = {
  /** Writes them in one go, and tells when it needs them no more, whatever became of it. */
  write(parts: readonly Uint8Array[], written: () => void): void;
};

/**
 * The bus's own messages, past the vendor's client on one connection with it. The client copies
 * what is published and, several times, what comes, into memory that is new each time; at hundreds
 * of megabytes a second that is most of the work, and collecting it is most of the rest.
 *
 * The client connects, subscribes and does JetStream. What is published here goes out with the
 * turn, as what it sends does; a subscription made meanwhile must not be overtaken, so `flush()`
 * comes before it.
 */
export class DirectLane {
  readonly #takers = new Map<number, MessageTaker>();
  readonly #pool = new MemoryPool({ freeBytesMax: RECEIVED_FREE_BYTES_MAX });
  #socket: LaneSocket | null = null;
  #parts: Uint8Array[] = [];
  #sent: (() => void)[] = [];

  /** A new connection; it is written to from now on. Gives what is to read from it. */
  open(socket: LaneSocket, forward: (bytes: Uint8Array) => void): MessageReader {
    this.#socket = socket;
    const takerOf = (sid: number): MessageTaker | undefined => this.#takers.get(sid);
    return new MessageReader({ takerOf, forward, pool: this.#pool });
  }

  /** Takes the messages of a subscription that the client has made. */
  receive(sid: number, taker: MessageTaker): void {
    this.#takers.set(sid, taker);
  }

  forget(sid: number): void {
    this.#takers.delete(sid);
  }

  /** Leaves memory that nothing came to since this was last asked for. */
  trim(): void {
    this.#pool.trim();
  }

  publish(subject: string, payload: Uint8Array, options: PublishOptions): void {
    const { headers, replyTo, sent } = options;
    const address = replyTo === undefined ? subject : `${subject} ${replyTo}`;
    if (this.#parts.length === 0) queueMicrotask(() => this.flush());
    if (headers === undefined) {
      this.#parts.push(Buffer.from(`PUB ${address} ${payload.length}\r\n`));
    } else {
      const block = encodeHeaders(headers);
      const totalBytes = block.length + payload.length;
      this.#parts.push(Buffer.from(`HPUB ${address} ${block.length} ${totalBytes}\r\n`), block);
    }
    this.#parts.push(payload, LINE_END);
    if (sent !== undefined) this.#sent.push(sent);
  }

  /** Hands what was published to the connection. */
  flush(): void {
    if (this.#parts.length === 0) return;
    const parts = this.#parts;
    const sent = this.#sent;
    this.#parts = [];
    this.#sent = [];
    this.#socket?.write(parts, () => {
      for (const tell of sent) tell();
    });
  }
}

function encodeHeaders(headers: Headers): Uint8Array {
  const encoded = new MsgHdrsImpl();
  for (const [name, value] of Object.entries(headers)) encoded.append(name, value);
  // Without any it would encode to nothing, which the server does not take for a block.
  return encoded.size() === 0 ? NO_HEADERS : encoded.encode();
}

const NO_HEADERS: Uint8Array = Buffer.from("NATS/1.0\r\n\r\n");
