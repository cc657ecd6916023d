import { BLOCK_BYTES } from "@seedfleet/wire";
import type { Shelf } from "./cached-piece.ts";
import { type Framed, framedLength, framedOffset, unframed, writeHeaders } from "./framed-piece.ts";

/**
 * What of a piece is sealed by itself, and so can be read and sent without the rest: it stays in
 * the cache of a core from the one to the other, and costs one call of each.
 */
export const STRETCH_BYTES: number = 16 * BLOCK_BYTES;

/** The same with the header of each of its blocks. */
export const FRAMED_STRETCH_BYTES: number = framedLength(STRETCH_BYTES);

/** How many stretches a piece of this length has; the last one may be shorter. */
export function stretchCount(pieceBytes: number): number {
  return Math.ceil(pieceBytes / STRETCH_BYTES);
}

/** Memory that one stretch lies in after the other. */
export class StretchMemory {
  readonly framed: Buffer = Buffer.allocUnsafeSlow(FRAMED_STRETCH_BYTES);
  readonly #places: readonly Buffer[] = unframed(this.framed, 0, STRETCH_BYTES);

  /** Where its bytes go, in order; of a stretch of full length always the same views. */
  placesFor(lengthBytes: number): readonly Buffer[] {
    return lengthBytes === STRETCH_BYTES ? this.#places : unframed(this.framed, 0, lengthBytes);
  }
}

export type StretchPlace = {
  readonly key: number;
  readonly shelf: Shelf;
  readonly piece: number;
  readonly begin: number;
  readonly lengthBytes: number;
};

/** Part of a verified piece, framed, on its way to those who asked for it. */
export class Stretch implements Framed {
  /** By which it is found. */
  readonly key: number;
  readonly shelf: Shelf;
  readonly piece: number;
  readonly memory: StretchMemory;
  readonly framed: Buffer;
  readonly framedStart: number;
  /** Batches whose slices of it a socket has not taken yet. */
  holders = 0;
  /** Until so many bytes were asked for nobody needs it again, as far as can be seen. */
  leftBytes: number;

  constructor({ key, shelf, piece, begin, lengthBytes }: StretchPlace, memory: StretchMemory) {
    this.key = key;
    this.shelf = shelf;
    this.piece = piece;
    this.memory = memory;
    this.framedStart = framedOffset(begin) - framedOffset(0);
    this.framed = memory.framed.subarray(0, framedLength(lengthBytes));
    this.leftBytes = lengthBytes;
    writeHeaders(this.framed, { piece, begin, length: lengthBytes });
  }

  get framedEnd(): number {
    return this.framedStart + this.framed.length;
  }
}
