import { CarriedBytes } from "./carried-bytes.ts";
import { decodeMessage } from "./decode-message.ts";
import {
  type Block,
  MESSAGE_ID,
  type PeerMessage,
  tooLong,
  type WireViolation,
} from "./message.ts";
import { BLOCK_FIELDS_BYTES } from "./message-length.ts";
import { ReceivedBytes, uint32At } from "./received-bytes.ts";

const LENGTH_PREFIX_BYTES = 4;
const KEEP_ALIVE: PeerMessage = { kind: "keep-alive" };

/** What the length prefix of a `request` says, and the whole of one. */
const REQUEST_LENGTH = 1 + BLOCK_FIELDS_BYTES;
const REQUEST_BYTES = LENGTH_PREFIX_BYTES + REQUEST_LENGTH;

/** A block to be overwritten by the next one. */
export type MutableBlock = { -readonly [Field in keyof Block]: Block[Field] };

export type WireDecoderOptions = {
  readonly lengthMax: number;
  /**
   * What is pushed is read until the next `settle()` and no longer, and a block's data until the
   * next call of any kind. All other messages keep their bytes.
   */
  readonly reusesReads?: boolean;
};

/**
 * Turns the bytes of one peer connection, after its handshake, into messages (BEP 3), however the
 * network cut them. Never waits for more than `lengthMax` bytes: the prefix is judged before the
 * payload is awaited.
 */
export class WireDecoder {
  readonly #received: ReceivedBytes | CarriedBytes;
  readonly #lengthMax: number;
  /** Null keeps what it was given, and messages are views of that. */
  readonly #carried: CarriedBytes | null;

  constructor({ lengthMax, reusesReads = false }: WireDecoderOptions) {
    this.#lengthMax = lengthMax;
    this.#carried = reusesReads ? new CarriedBytes() : null;
    this.#received = this.#carried ?? new ReceivedBytes();
  }

  push(bytes: Uint8Array): void {
    this.#received.append(bytes);
  }

  /** Lets go of what was pushed, once `next()` gives null; only of use where reads are reused. */
  settle(): void {
    this.#carried?.settle();
  }

  /** The next message, a violation that must end the connection, or null until more bytes come. */
  next(): PeerMessage | WireViolation | null {
    const received = this.#received;
    if (received.byteLength < LENGTH_PREFIX_BYTES) return null;
    const length = uint32At(received.hold(LENGTH_PREFIX_BYTES), received.offset);
    if (length > this.#lengthMax) return tooLong(length, this.#lengthMax);
    const whole = LENGTH_PREFIX_BYTES + length;
    if (received.byteLength < whole) return null;
    const bytes = received.hold(whole);
    const at = received.offset;
    received.drop(whole);
    if (length === 0) return KEEP_ALIVE;
    const body = at + LENGTH_PREFIX_BYTES;
    if (this.#carried === null || bytes[body] === MESSAGE_ID.piece) {
      return decodeMessage(bytes, body, at + whole);
    }
    return decodeMessage(Uint8Array.from(bytes.subarray(body, at + whole)), 0, length);
  }

  /**
   * Takes the next message if it is a whole `request`: writes it into `block` and says true. Else
   * nothing is taken, and `next()` tells what there is. A seed's peers say little else, so this
   * makes no object.
   */
  nextRequest(block: MutableBlock): boolean {
    const received = this.#received;
    if (received.byteLength < REQUEST_BYTES || this.#lengthMax < REQUEST_LENGTH) return false;
    const bytes = received.hold(REQUEST_BYTES);
    const at = received.offset;
    if (bytes[at + LENGTH_PREFIX_BYTES] !== MESSAGE_ID.request) return false;
    if (uint32At(bytes, at) !== REQUEST_LENGTH) return false;
    block.piece = uint32At(bytes, at + 5);
    block.begin = uint32At(bytes, at + 9);
    block.length = uint32At(bytes, at + 13);
    received.drop(REQUEST_BYTES);
    return true;
  }
}
