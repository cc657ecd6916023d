import assert from "node:assert/strict";
import { METADATA_PIECE_BYTES } from "@seedfleet/wire";

type Asked = { readonly peer: number; readonly atMs: number };

type Received = { readonly peer: number; readonly data: Uint8Array };

/**
 * One try at an info dictionary of a claimed size: its pieces of 16 KiB, who was asked for each and
 * who sent it. A piece takes memory once it is there, so a claim alone costs nothing.
 */
export class MetadataTry {
  readonly sizeBytes: number;
  /** The peer that alone is asked, so that it is known who sent what is wrong; null for all. */
  readonly alone: number | null;
  readonly pieceCount: number;
  readonly #received = new Map<number, Received>();
  readonly #asked = new Map<number, Asked>();
  /** All before this one are asked for or there, unless they are in `#returned`. */
  #next = 0;
  readonly #returned: number[] = [];

  constructor(sizeBytes: number, alone: number | null) {
    this.sizeBytes = sizeBytes;
    this.alone = alone;
    this.pieceCount = Math.ceil(sizeBytes / METADATA_PIECE_BYTES);
  }

  get piecesGot(): number {
    return this.#received.size;
  }

  /** What is held, and what may come any moment. */
  get heldBytes(): number {
    return (this.#received.size + this.#asked.size) * METADATA_PIECE_BYTES;
  }

  get isComplete(): boolean {
    return this.#received.size === this.pieceCount;
  }

  /** Whether a piece is neither there nor asked for. */
  get hasMore(): boolean {
    return this.#returned.length > 0 || this.#next < this.pieceCount;
  }

  /** The next piece, which is asked of this peer from now on. */
  ask(peer: number, nowMs: number): number {
    assert(this.hasMore);
    const piece = this.#returned.pop() ?? this.#next++;
    this.#asked.set(piece, { peer, atMs: nowMs });
    return piece;
  }

  isAskedOf(peer: number, piece: number): boolean {
    return this.#asked.get(piece)?.peer === peer;
  }

  receive(peer: number, piece: number, data: Uint8Array): void {
    assert(this.#asked.delete(piece));
    // What comes is a view of what was read from the socket.
    this.#received.set(piece, { peer, data: Uint8Array.from(data) });
  }

  /** Another may be asked for it. */
  giveUp(piece: number): void {
    assert(this.#asked.delete(piece));
    this.#returned.push(piece);
  }

  /** What has been asked for up to then, and of whom. */
  askedUpTo(atMs: number): readonly (Asked & { readonly piece: number })[] {
    return [...this.#asked]
      .map(([piece, asked]) => ({ piece, ...asked }))
      .filter((asked) => asked.atMs <= atMs);
  }

  /** The pieces that are asked of a peer. */
  piecesAskedOf(peer: number): readonly number[] {
    return [...this.#asked].flatMap(([piece, asked]) => (asked.peer === peer ? [piece] : []));
  }

  /** All of it, once it is complete. */
  bytes(): Uint8Array {
    return Buffer.concat(this.#inOrder().map(({ data }) => data));
  }

  /** What each sent, once it is complete. */
  parts(): readonly Received[] {
    return this.#inOrder();
  }

  #inOrder(): Received[] {
    assert(this.isComplete);
    return Array.from({ length: this.pieceCount }, (_, piece) => {
      const received = this.#received.get(piece);
      assert(received !== undefined);
      return received;
    });
  }
}
