import type { Socket } from "node:net";
import { sharesReads } from "./shared-reads.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

/** The ciphers of a connection, each where it stands in its stream. */
export type StreamCiphers = {
  readonly incoming: { crypt(bytes: Uint8Array): void };
  readonly outgoing: {
    cryptInto(source: Uint8Array, target: Uint8Array, at: number): void;
  };
};

/** One peer's bytes in both directions, encrypted or not: what is said and read is plain. */
export class PeerStream {
  readonly #socket: Socket;
  readonly #ciphers: StreamCiphers | null;

  constructor(socket: Socket, ciphers: StreamCiphers | null = null) {
    this.#socket = socket;
    this.#ciphers = ciphers;
  }

  /** Whether what is received is there only until `receive` returns. */
  get reusesReads(): boolean {
    return sharesReads(this.#socket);
  }

  get isDestroyed(): boolean {
    return this.#socket.destroyed;
  }

  /** Bytes that the socket has not taken yet. */
  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  /** From now on `receive` gets what comes, and `closed` is told of the end. */
  open(receive: (bytes: Uint8Array) => void, closed: () => void): void {
    const incoming = this.#ciphers?.incoming;
    this.#socket.on("data", (bytes: Buffer) => {
      incoming?.crypt(bytes);
      receive(bytes);
    });
    this.#socket.on("close", closed);
  }

  /** The bytes must stay as they are until they are taken; of an encrypted stream only now. */
  write(bytes: Uint8Array): void {
    const outgoing = this.#ciphers?.outgoing;
    if (outgoing === undefined) this.#socket.write(bytes);
    else {
      const encrypted = Buffer.allocUnsafe(bytes.length);
      outgoing.cryptInto(bytes, encrypted, 0);
      this.#socket.write(encrypted);
    }
  }

  /** Tells when all that was written has been taken, or that it never will be. */
  afterWrites(tell: (failed: boolean) => void): void {
    this.#socket.write(NOTHING, (error) => tell(Boolean(error)));
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  readOrNot(reads: boolean): void {
    if (reads && this.#socket.isPaused()) this.#socket.resume();
    else if (!reads) this.#socket.pause();
  }

  /**
   * Says this last, and lets the socket send what it holds. What still comes is read and let fall:
   * were it left unread, the connection would be reset, and the peer lose what is on its way to it.
   */
  end(lastWords: Uint8Array): void {
    this.write(lastWords);
    this.#socket.end();
    this.#socket.removeAllListeners("data").resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
