import { copyBytes } from "@seedfleet/bytes";
import { BLOCK_BYTES, PIECE_HEADER_BYTES, writePieceHeader } from "@seedfleet/wire";

/** A block of the usual length as it goes over the wire: header, then data. */
export const FRAME_BYTES: number = PIECE_HEADER_BYTES + BLOCK_BYTES;

/** How many bytes a piece of this length takes once each of its blocks has its header. */
export function framedLength(pieceBytes: number): number {
  return pieceBytes + Math.ceil(pieceBytes / BLOCK_BYTES) * PIECE_HEADER_BYTES;
}

/** Where the byte at `offset` of a piece lies once the piece is framed. */
export function framedOffset(offset: number): number {
  const block = Math.floor(offset / BLOCK_BYTES);
  return block * FRAME_BYTES + PIECE_HEADER_BYTES + (offset - block * BLOCK_BYTES);
}

/** Part of a piece, or all of it, as it goes over the wire. */
export interface Framed {
  readonly piece: number;
  readonly framed: Buffer;
  /** Where in the framed piece its memory begins and ends. */
  readonly framedStart: number;
  readonly framedEnd: number;
}

/** Writes the headers of all blocks of a part of a piece that begins with a block. */
export function writeHeaders(
  framed: Uint8Array,
  { piece, begin, length }: { piece: number; begin: number; length: number },
): void {
  for (let at = 0; at < length; at += BLOCK_BYTES) {
    const block = { piece, begin: begin + at, length: Math.min(BLOCK_BYTES, length - at) };
    writePieceHeader(framed, framedOffset(at) - PIECE_HEADER_BYTES, block);
  }
}

/**
 * Makes a piece out of its bytes as the `piece` messages of its blocks of 16 KiB (BEP 3), one after
 * the other. What clients ask for is then a slice of it, header and all, and what they ask for in
 * order is one slice: no header is made and no list of buffers built per block.
 */
export class PieceFramer {
  readonly #framed: Uint8Array;

  /** Writes the headers; `framed` has `framedLength(pieceBytes)` bytes. */
  constructor(framed: Uint8Array, { piece, pieceBytes }: { piece: number; pieceBytes: number }) {
    this.#framed = framed;
    writeHeaders(framed, { piece, begin: 0, length: pieceBytes });
  }

  /** Copies part of the piece to its place. */
  write(part: Uint8Array, offset: number): void {
    for (let copied = 0; copied < part.length; ) {
      const from = offset + copied;
      const length = Math.min(BLOCK_BYTES - (from % BLOCK_BYTES), part.length - copied);
      copyBytes(part.subarray(copied, copied + length), this.#framed, framedOffset(from));
      copied += length;
    }
  }

  /** Part of the piece as it goes over the wire: its bytes, and the headers before each of them. */
  wire(offset: number, length: number): Uint8Array {
    return this.#framed.subarray(framedEnd(offset), framedEnd(offset + length));
  }
}

/** Behind the last byte before `offset`, where that of `offset` or its header follows. */
function framedEnd(offset: number): number {
  return offset === 0 ? 0 : framedOffset(offset - 1) + 1;
}

/** The plain bytes of part of a framed piece, as views of it: one for each frame they lie in. */
export function unframed<Bytes extends Uint8Array>(
  framed: Bytes,
  begin: number,
  length: number,
): Bytes[] {
  const views: Bytes[] = [];
  for (let at = begin; at < begin + length; ) {
    const inFrame = Math.min(BLOCK_BYTES - (at % BLOCK_BYTES), begin + length - at);
    const start = framedOffset(at);
    views.push(framed.subarray(start, start + inFrame) as Bytes);
    at += inFrame;
  }
  return views;
}
