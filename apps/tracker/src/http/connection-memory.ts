import { AF_INET6 } from "../sockets/bind-socket.ts";

/** `struct sockaddr_in6`, the longest of both, and where in it and in the shorter one. */
export const NAME_BYTES = 28;
const NAME_IPV4_AT = 4;
const NAME_IPV6_AT = 8;

/** `struct msghdr`, and where in it. */
const HEADER_BYTES = 56;
const HEADER_VECTORS_AT = 16;
const HEADER_VECTOR_COUNT_AT = 24;

/** `struct iovec`: where, how many. */
const VECTOR_BYTES = 16;
const VECTOR_LENGTH_AT = 8;

const NAME_LENGTH_AT = 0;
const NAME_AT = 8;
const RECEIVE_HEADER_AT = 64;
const RECEIVE_VECTOR_AT = RECEIVE_HEADER_AT + HEADER_BYTES;
const SEND_HEADER_AT = RECEIVE_VECTOR_AT + VECTOR_BYTES;
const SEND_VECTOR_AT = SEND_HEADER_AT + HEADER_BYTES;
const READ_AT = SEND_VECTOR_AT + VECTOR_BYTES;

type PointerTo = (memory: ArrayBuffer | NodeJS.ArrayBufferView) => bigint;

/**
 * The memory in which `accept`, `recvmsg` and `sendmsg` work for one connection after the other:
 * its address, what it said, and two headers, in one block that never moves. What is sent lies
 * elsewhere, and only where and how long it is changes.
 */
export class ConnectionMemory {
  /** Pointers for the calls. */
  readonly nameAt: bigint;
  readonly nameLengthAt: bigint;
  readonly receiving: bigint;
  readonly sending: bigint;
  /** What was read last, from its beginning. */
  readonly read: Buffer;
  readonly name: Uint8Array;
  readonly #pointerTo: PointerTo;
  readonly #view: DataView;
  readonly #nameLength: Uint32Array;
  readonly #sendLength: Uint32Array;
  #output: Buffer | null = null;

  constructor(readBytes: number, pointerTo: PointerTo) {
    const memory = new ArrayBuffer(READ_AT + readBytes);
    const base = pointerTo(memory);
    const view = new DataView(memory);
    this.#pointerTo = pointerTo;
    this.#view = view;
    this.nameAt = base + BigInt(NAME_AT);
    this.nameLengthAt = base + BigInt(NAME_LENGTH_AT);
    this.receiving = base + BigInt(RECEIVE_HEADER_AT);
    this.sending = base + BigInt(SEND_HEADER_AT);
    this.name = new Uint8Array(memory, NAME_AT, NAME_BYTES);
    this.#nameLength = new Uint32Array(memory, NAME_LENGTH_AT, 1);
    this.#sendLength = new Uint32Array(memory, SEND_VECTOR_AT + VECTOR_LENGTH_AT, 1);
    this.read = Buffer.from(memory, READ_AT, readBytes);
    for (const [header, vector] of [
      [RECEIVE_HEADER_AT, RECEIVE_VECTOR_AT],
      [SEND_HEADER_AT, SEND_VECTOR_AT],
    ] as const) {
      view.setBigUint64(header + HEADER_VECTORS_AT, base + BigInt(vector), true);
      view.setBigUint64(header + HEADER_VECTOR_COUNT_AT, 1n, true);
    }
    view.setBigUint64(RECEIVE_VECTOR_AT, base + BigInt(READ_AT), true);
    view.setBigUint64(RECEIVE_VECTOR_AT + VECTOR_LENGTH_AT, BigInt(readBytes), true);
  }

  /** Makes room for the next address: the kernel shortens it to that of the last. */
  clearName(): void {
    this.#nameLength[0] = NAME_BYTES;
  }

  /** Where in `name` the address is, by its length. */
  get addressBytes(): 4 | 16 {
    return this.name[0] === AF_INET6 ? 16 : 4;
  }

  get addressAt(): number {
    return this.name[0] === AF_INET6 ? NAME_IPV6_AT : NAME_IPV4_AT;
  }

  /** The first `length` bytes are what `sending` sends. */
  setReply(output: Buffer, length: number): void {
    if (output !== this.#output) {
      this.#output = output;
      this.#view.setBigUint64(SEND_VECTOR_AT, this.#pointerTo(output), true);
    }
    this.#sendLength[0] = length;
  }
}
