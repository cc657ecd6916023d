import type { Framed } from "./framed-piece.ts";

/** More than a peer is told of, since it may have some. */
const LATEST_MAX = 32;

/** The cached pieces of one torrent, by index: the block path asks for every batch of blocks. */
export class Shelf {
  static #lastSerial = 0;

  /** Tells this torrent's pieces from all others, also of torrents forgotten since. */
  readonly serial: number;
  readonly pieces: (CachedPiece | undefined)[] = [];
  /** Those that came last, the newest at the end; some may be forgotten again. */
  readonly latest: number[] = [];
  #size = 0;

  constructor() {
    Shelf.#lastSerial += 1;
    this.serial = Shelf.#lastSerial;
  }

  /** How many pieces are there. */
  get size(): number {
    return this.#size;
  }

  add(cached: CachedPiece): void {
    this.#size += 1;
    this.pieces[cached.piece] = cached;
    this.latest.push(cached.piece);
    if (this.latest.length > LATEST_MAX) this.latest.shift();
  }

  remove({ piece }: CachedPiece): void {
    this.#size -= 1;
    this.pieces[piece] = undefined;
  }
}

/**
 * A piece whose hash was checked, framed as it goes over the wire. Its bytes are not written to
 * while it is cached or pinned: whoever hands a slice to a socket pins it until that has taken it.
 */
export class CachedPiece implements Framed {
  readonly shelf: Shelf;
  readonly piece: number;
  readonly framed: Buffer;
  /** Its place in what threads share about it. */
  readonly slot: number;
  /** Slices of it that sockets of this thread still hold. */
  pins = 0;
  /** Other threads that have it. */
  leases = 0;
  cached = true;

  constructor(
    place: { readonly shelf: Shelf; readonly piece: number },
    framed: Buffer,
    slot: number,
  ) {
    this.shelf = place.shelf;
    this.piece = place.piece;
    this.framed = framed;
    this.slot = slot;
  }

  get framedStart(): number {
    return 0;
  }

  get framedEnd(): number {
    return this.framed.length;
  }
}

/** What the block path needs of a cache, whoever owns it. */
export interface CachedPieces {
  get(shelf: Shelf, piece: number): CachedPiece | null;
  /** Notes that the peer of this mark asked for the piece: what many ask for stays. */
  touch(piece: CachedPiece, mark: number): void;
  /** Keeps its bytes as they are until `unpin`, even when it is forgotten meanwhile. */
  pin(piece: CachedPiece): void;
  unpin(piece: CachedPiece): void;
  /** So much is pinned that further slices had better be copies. */
  readonly isCrowded: boolean;
}
