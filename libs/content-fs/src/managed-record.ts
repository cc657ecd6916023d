import assert from "node:assert/strict";
import { crc32 } from "node:zlib";

/** What every disk writes whole or not at all: a sector. */
export const RECORD_BLOCK_BYTES: number = 512;

const CHECKSUM_BYTES = 4;
const PAYLOAD_BYTES = RECORD_BLOCK_BYTES - CHECKSUM_BYTES;
const PIECES_PER_BLOCK = PAYLOAD_BYTES * 8;

const MAGIC = Buffer.from("seedfleet pieces");
const VERSION = 1;
const DIGEST_BYTES = 32;
const VERSION_AT = MAGIC.length;
const PIECE_COUNT_AT = VERSION_AT + 4;
const DIGEST_AT = PIECE_COUNT_AT + 4;

/** Which torrent's pieces are noted. */
export type RecordOwner = { readonly pieceCount: number; readonly digest: Uint8Array };

/**
 * Which pieces are there, as a file has it: blocks of one sector each, the first for whose pieces
 * they are, the others a bitfield (BEP 3), every one with a checksum over its place and its bytes.
 * So a block that was torn, lost or flipped is known to be, and takes no other with it.
 */
export class PieceRecord {
  readonly #owner: RecordOwner;
  readonly #bits: Uint8Array;
  #count = 0;

  constructor(owner: RecordOwner) {
    assert.equal(owner.digest.length, DIGEST_BYTES);
    this.#owner = owner;
    this.#bits = new Uint8Array(Math.ceil(owner.pieceCount / 8));
  }

  /** The pieces of every sound block, and what is wrong with the others; a sentence's end. */
  static read(
    file: Uint8Array,
    owner: RecordOwner,
  ): { readonly record: PieceRecord; readonly fault: string | null } {
    const record = new PieceRecord(owner);
    const fault = headFault(file, record.block(0), owner);
    if (fault !== null) return { record, fault };
    let damaged = 0;
    for (let index = 1; index < record.blockCount; index += 1) {
      const payload = soundPayload(file, index);
      if (payload === null) damaged += 1;
      else record.#take(index, payload);
    }
    const all = record.blockCount - 1;
    if (damaged > 0) return { record, fault: `${damaged} of its ${all} parts are damaged` };
    const isLonger = file.length > record.blockCount * RECORD_BLOCK_BYTES;
    return { record, fault: isLonger ? "something was written behind its end" : null };
  }

  get pieceCount(): number {
    return this.#owner.pieceCount;
  }

  get count(): number {
    return this.#count;
  }

  get blockCount(): number {
    return 1 + Math.ceil(this.#owner.pieceCount / PIECES_PER_BLOCK);
  }

  has(piece: number): boolean {
    if (piece < 0 || piece >= this.pieceCount) return false;
    return ((this.#bits[piece >>> 3] ?? 0) & bitOf(piece)) !== 0;
  }

  add(piece: number): void {
    assert(piece >= 0 && piece < this.pieceCount);
    if (this.has(piece)) return;
    this.#bits[piece >>> 3] = (this.#bits[piece >>> 3] ?? 0) | bitOf(piece);
    this.#count += 1;
  }

  remove(piece: number): void {
    if (!this.has(piece)) return;
    this.#bits[piece >>> 3] = (this.#bits[piece >>> 3] ?? 0) & ~bitOf(piece);
    this.#count -= 1;
  }

  /** A copy, as the `bitfield` message carries it. */
  bitfield(): Uint8Array {
    return this.#bits.slice();
  }

  /** A block as it is written now, and later is not changed. */
  block(index: number): Uint8Array {
    const block = Buffer.alloc(RECORD_BLOCK_BYTES);
    const begin = (index - 1) * PAYLOAD_BYTES;
    if (index === 0) this.#writeHead(block);
    else block.set(this.#bits.subarray(begin, begin + PAYLOAD_BYTES));
    block.writeUInt32BE(checksum(index, block), PAYLOAD_BYTES);
    return block;
  }

  /** All of the file, as it is now. */
  toBytes(): Uint8Array {
    return Buffer.concat(Array.from({ length: this.blockCount }, (_, index) => this.block(index)));
  }

  #writeHead(block: Buffer): void {
    block.set(MAGIC);
    block.writeUInt32BE(VERSION, VERSION_AT);
    block.writeUInt32BE(this.pieceCount, PIECE_COUNT_AT);
    block.set(this.#owner.digest, DIGEST_AT);
  }

  #take(index: number, payload: Uint8Array): void {
    const begin = (index - 1) * PIECES_PER_BLOCK;
    const end = Math.min(begin + PIECES_PER_BLOCK, this.pieceCount);
    for (let piece = begin; piece < end; piece += 1) {
      if (((payload[(piece - begin) >>> 3] ?? 0) & bitOf(piece)) !== 0) this.add(piece);
    }
  }
}

/** The block that notes a piece. */
export function blockOf(piece: number): number {
  return 1 + Math.floor(piece / PIECES_PER_BLOCK);
}

function headFault(file: Uint8Array, expected: Uint8Array, owner: RecordOwner): string | null {
  const payload = soundPayload(file, 0);
  if (payload === null || !payload.subarray(0, MAGIC.length).equals(MAGIC)) {
    return "its head is damaged";
  }
  const version = payload.readUInt32BE(VERSION_AT);
  if (version !== VERSION) return `it is of version ${version}; this program knows ${VERSION}`;
  if (payload.equals(expected.subarray(0, PAYLOAD_BYTES))) return null;
  const pieceCount = payload.readUInt32BE(PIECE_COUNT_AT);
  if (pieceCount === owner.pieceCount) return "it is of other files";
  return `it is of ${pieceCount} pieces, not ${owner.pieceCount}`;
}

/** Null where the block is not there, or not as it was written. */
function soundPayload(file: Uint8Array, index: number): Buffer | null {
  const begin = index * RECORD_BLOCK_BYTES;
  const block = Buffer.from(file.subarray(begin, begin + RECORD_BLOCK_BYTES));
  if (block.length < RECORD_BLOCK_BYTES) return null;
  if (block.readUInt32BE(PAYLOAD_BYTES) !== checksum(index, block)) return null;
  return block.subarray(0, PAYLOAD_BYTES);
}

/** It begins with the place, so that a block is not taken for another, nor zeros for any. */
function checksum(index: number, block: Uint8Array): number {
  return crc32(block.subarray(0, PAYLOAD_BYTES), index + 1);
}

/** Blocks begin with a whole byte, so the bit is the same in a block as in the bitfield. */
function bitOf(piece: number): number {
  return 0x80 >>> (piece & 7);
}
