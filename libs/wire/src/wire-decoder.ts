import { decodeMessage } from "./decode-message.ts";
import { type PeerMessage, tooLong, type WireViolation } from "./message.ts";
import { ReceivedBytes } from "./received-bytes.ts";

const LENGTH_PREFIX_BYTES = 4;
const KEEP_ALIVE: PeerMessage = { kind: "keep-alive" };

/**
 * Turns the bytes of one peer connection, after its handshake, into messages (BEP 3), however the
 * network cut them. Never waits for more than `lengthMax` bytes: the prefix is judged before the
 * payload is awaited.
 */
export class WireDecoder {
  readonly #received = new ReceivedBytes();
  readonly #lengthMax: number;

  constructor({ lengthMax }: { readonly lengthMax: number }) {
    this.#lengthMax = lengthMax;
  }

  push(bytes: Uint8Array): void {
    this.#received.append(bytes);
  }

  /** The next message, a violation that must end the connection, or null until more bytes come. */
  next(): PeerMessage | WireViolation | null {
    const received = this.#received;
    if (received.byteLength < LENGTH_PREFIX_BYTES) return null;
    const length = received.peekUint32();
    if (length > this.#lengthMax) return tooLong(length, this.#lengthMax);
    const whole = LENGTH_PREFIX_BYTES + length;
    if (received.byteLength < whole) return null;
    const message = received.peek(whole);
    received.drop(whole);
    return length === 0 ? KEEP_ALIVE : decodeMessage(message, LENGTH_PREFIX_BYTES);
  }
}
