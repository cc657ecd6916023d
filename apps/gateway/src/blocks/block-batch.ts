import { BLOCK_BYTES, type Block, PIECE_HEADER_BYTES, writePieceHeader } from "@seedfleet/wire";
import type { Passing } from "../fills/passing-stretches.ts";
import type { PeerStream } from "../peers/peer-stream.ts";
import { CachedPiece, type CachedPieces } from "./cached-piece.ts";
import { FRAME_BYTES, type Framed, unframed } from "./framed-piece.ts";
import { Stretch } from "./stretch.ts";

export type BlockBatchPorts = {
  readonly cache: CachedPieces;
  readonly passing: Passing | null;
};

/**
 * The blocks that one flush hands to a socket: slices of framed memory, one for all blocks that lie
 * one after the other. That memory stays as it is until the socket has taken the batch.
 */
export class BlockBatch {
  readonly #ports: BlockBatchPorts;
  readonly #stream: PeerStream;
  #cached: CachedPiece[] = [];
  #stretches: Stretch[] = [];
  #run: Framed | null = null;
  #runStart = 0;
  #runEnd = -1;

  constructor(ports: BlockBatchPorts, stream: PeerStream) {
    this.#ports = ports;
    this.#stream = stream;
  }

  /** The memory of the block before this one, if this one lies in it as well. */
  at({ piece, begin, length }: Block): Framed | null {
    const run = this.#run;
    if (run === null || run.piece !== piece) return null;
    const start = (begin / BLOCK_BYTES) * FRAME_BYTES;
    const end = start + PIECE_HEADER_BYTES + length;
    return start >= run.framedStart && end <= run.framedEnd ? run : null;
  }

  /** Its memory is used; false if it was used last anyway. Of a stretch the batch is a holder. */
  use(framed: CachedPiece | Stretch): boolean {
    const used: (CachedPiece | Stretch)[] =
      framed instanceof CachedPiece ? this.#cached : this.#stretches;
    if (framed instanceof CachedPiece && used.at(-1) === framed) return false;
    used.push(framed);
    return true;
  }

  /** Adds a block that lies there. */
  add(framed: Framed, block: Block): void {
    const { begin, length } = block;
    const start = (begin / BLOCK_BYTES) * FRAME_BYTES;
    const end = start + PIECE_HEADER_BYTES + length;
    if (framed instanceof Stretch) framed.leftBytes -= length;
    // A block of the usual length, or the piece's last one: its header is there already.
    if (begin % BLOCK_BYTES === 0 && (length === BLOCK_BYTES || end === framed.framedEnd)) {
      if (framed !== this.#run || start !== this.#runEnd) {
        this.writeRun();
        this.#run = framed;
        this.#runStart = start;
      }
      this.#runEnd = end;
    } else this.#writeUnusual(framed, block);
  }

  /** Hands over what was added. */
  writeRun(): void {
    const run = this.#run;
    this.#run = null;
    if (run !== null) {
      const { framed, framedStart } = run;
      const end = this.#runEnd - framedStart;
      this.#writeSlice(run, framed.subarray(this.#runStart - framedStart, end));
    }
    this.#runEnd = -1;
  }

  /** The socket has taken all of it. */
  taken(): void {
    this.#cached.length = 0;
    if (this.#stretches.length === 0) return;
    release(this.#ports.passing, this.#stretches);
    this.#stretches.length = 0;
  }

  /** The socket has yet to take it: to be told of that is the same as `taken`, of this batch. */
  pin(): () => void {
    const { cache, passing } = this.#ports;
    const [cached, stretches] = [this.#cached, this.#stretches];
    this.#cached = [];
    this.#stretches = [];
    for (const piece of cached) cache.pin(piece);
    return () => {
      for (const piece of cached) cache.unpin(piece);
      release(passing, stretches);
    };
  }

  /** A block that lies across frames, with a header of its own; of a cached piece. */
  #writeUnusual(framed: Framed, block: Block): void {
    this.writeRun();
    const header = Buffer.allocUnsafe(PIECE_HEADER_BYTES);
    writePieceHeader(header, 0, block);
    this.#stream.write(header);
    for (const view of unframed(framed.framed, block.begin, block.length)) {
      this.#writeSlice(framed, view);
    }
  }

  #writeSlice(framed: Framed, slice: Buffer): void {
    const { cache, passing } = this.#ports;
    const isCopied = framed instanceof Stretch ? passing?.isCrowded : cache.isCrowded;
    this.#stream.write(isCopied ? Buffer.from(slice) : slice);
  }
}

/** The last one first, so that the first is the first to be used again, as it was before. */
function release(passing: Passing | null, stretches: readonly Stretch[]): void {
  for (const stretch of stretches.toReversed()) passing?.release(stretch);
}
