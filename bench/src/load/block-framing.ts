import { PIECE_HEADER_BYTES } from "@seedfleet/wire";

const LENGTH_BYTES = 4;
const ID_AT = 4;
const PIECE_ID = 7;

/** What comes out of a stream of messages, in its order. */
export type FramingListener = {
  /** The header of a block; false when its bytes are of no interest. */
  blockBegins(piece: number, begin: number, length: number): boolean;
  /** Bytes of a block of interest, a view that is only good during the call. */
  blockBytes(bytes: Uint8Array): void;
  blockEnds(): void;
  /** A message that is no block, by its id (BEP 3). */
  message(id: number): void;
};

/**
 * Finds the blocks in what a seeder sends after its handshake, however the network cut it, at the
 * least cost a block: bytes are skipped, not kept, and no object is made. The load generator must
 * leave its seeder waiting for as little as it can.
 */
export class BlockFraming {
  readonly #listener: FramingListener;
  /** The start of a message that a read cut, at most a block's header. */
  readonly #cut = new Uint8Array(PIECE_HEADER_BYTES);
  #cutLength = 0;
  #bodyRest = 0;
  #inBlock = false;
  #wanted = false;

  constructor(listener: FramingListener) {
    this.#listener = listener;
  }

  push(read: Uint8Array): void {
    let at = 0;
    while (at < read.length) {
      at += this.#bodyRest > 0 ? this.#takeBody(read, at) : this.#takeHeader(read, at);
    }
  }

  #takeBody(read: Uint8Array, at: number): number {
    const taken = Math.min(this.#bodyRest, read.length - at);
    if (this.#wanted) this.#listener.blockBytes(read.subarray(at, at + taken));
    this.#bodyRest -= taken;
    if (this.#bodyRest === 0) this.#endBody();
    return taken;
  }

  #takeHeader(read: Uint8Array, at: number): number {
    if (this.#cutLength === 0 && read.length - at >= PIECE_HEADER_BYTES) {
      return this.#begin(read, at);
    }
    // Byte by byte: this is once a read, and how long the header is only its id tells.
    this.#cut[this.#cutLength] = read[at] ?? 0;
    this.#cutLength += 1;
    const isWhole = this.#cutLength === headerLength(this.#cut, this.#cutLength);
    if (isWhole) {
      this.#cutLength = 0;
      this.#begin(this.#cut, 0);
    }
    return 1;
  }

  /** Begins the message whose header is whole, and gives the header's length. */
  #begin(bytes: Uint8Array, at: number): number {
    const length = uint32(bytes, at);
    if (length === 0) return LENGTH_BYTES;
    const id = bytes[at + ID_AT] ?? 0;
    if (id !== PIECE_ID) {
      this.#bodyRest = length - 1;
      this.#listener.message(id);
      return LENGTH_BYTES + 1;
    }
    this.#bodyRest = length - (PIECE_HEADER_BYTES - LENGTH_BYTES);
    this.#inBlock = true;
    const begin = uint32(bytes, at + 9);
    this.#wanted = this.#listener.blockBegins(uint32(bytes, at + 5), begin, this.#bodyRest);
    return PIECE_HEADER_BYTES;
  }

  #endBody(): void {
    if (this.#inBlock) this.#listener.blockEnds();
    this.#inBlock = false;
    this.#wanted = false;
  }
}

/** How long the header that begins so is; more than `known` while that cannot be told. */
function headerLength(bytes: Uint8Array, known: number): number {
  if (known < LENGTH_BYTES) return PIECE_HEADER_BYTES;
  if (known === LENGTH_BYTES) return uint32(bytes, 0) === 0 ? LENGTH_BYTES : PIECE_HEADER_BYTES;
  return bytes[ID_AT] === PIECE_ID ? PIECE_HEADER_BYTES : LENGTH_BYTES + 1;
}

function uint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
  return (high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}
