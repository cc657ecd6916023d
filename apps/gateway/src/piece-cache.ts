/** A piece whose hash was checked. Its bytes are never written to again. */
export type CachedPiece = { readonly bytes: Buffer };

type Node = CachedPiece & {
  readonly shelf: Shelf;
  readonly piece: number;
  newer: Node | null;
  older: Node | null;
};

/** The cached pieces of one torrent; found by index alone, since the block path asks per block. */
export class Shelf {
  readonly nodes: (Node | undefined)[] = [];
}

/**
 * Verified pieces of all torrents under one byte budget; the least recently used goes first.
 *
 * Evicting only forgets a piece: a socket that still holds a slice of it keeps the bytes alive, so
 * what is on its way is never overwritten.
 */
export class PieceCache {
  readonly #bytesMax: number;
  #byteLength = 0;
  #newest: Node | null = null;
  #oldest: Node | null = null;

  constructor({ bytesMax }: { readonly bytesMax: number }) {
    this.#bytesMax = bytesMax;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  get(shelf: Shelf, piece: number): CachedPiece | null {
    const node = shelf.nodes[piece];
    if (node === undefined) return null;
    if (node !== this.#newest) {
      this.#unlink(node);
      this.#link(node);
    }
    return node;
  }

  put(shelf: Shelf, piece: number, data: Uint8Array): void {
    // A stream takes buffers as they are; any other view it would wrap anew for every block.
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const held = shelf.nodes[piece];
    if (held !== undefined) this.#evict(held);
    const node: Node = { bytes, shelf, piece, newer: null, older: null };
    shelf.nodes[piece] = node;
    this.#byteLength += bytes.length;
    this.#link(node);
    while (this.#byteLength > this.#bytesMax && this.#oldest !== null && this.#oldest !== node) {
      this.#evict(this.#oldest);
    }
  }

  /** Forgets every piece of a torrent. */
  clear(shelf: Shelf): void {
    for (const node of shelf.nodes) {
      if (node !== undefined) this.#evict(node);
    }
    shelf.nodes.length = 0;
  }

  #evict(node: Node): void {
    this.#unlink(node);
    node.shelf.nodes[node.piece] = undefined;
    this.#byteLength -= node.bytes.length;
  }

  #link(node: Node): void {
    node.older = this.#newest;
    node.newer = null;
    if (this.#newest !== null) this.#newest.newer = node;
    this.#newest = node;
    this.#oldest ??= node;
  }

  #unlink(node: Node): void {
    if (node.newer === null) this.#newest = node.older;
    else node.newer.older = node.older;
    if (node.older === null) this.#oldest = node.newer;
    else node.older.newer = node.newer;
    node.newer = null;
    node.older = null;
  }
}
