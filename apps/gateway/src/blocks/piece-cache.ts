import assert from "node:assert/strict";
import { type EvictionPolicy, S3FifoPolicy, visit } from "@seedfleet/eviction";
import { AskedPieces, type PlaceOnShelf, pieceKey } from "./asked-pieces.ts";
import { CachedPiece, type CachedPieces, type Shelf } from "./cached-piece.ts";
import { framedLength } from "./framed-piece.ts";
import { PiecePool } from "./piece-pool.ts";

/** Pieces cached at once whatever the budget: each has a few hundred bytes of its own. */
export const CACHED_PIECES_MAX: number = 2 ** 20;

/** A budget has room for so many pieces of this length; shorter ones meet the count first. */
const SHORTEST_PIECE_BYTES = 4_096;

/** Beyond this share of the budget slices are copied instead of pinned. */
export const PINNED_SHARE_MAX = 0.5;

/**
 * What other threads have is given back some messages after it is forgotten. This share of the
 * budget is left to what is on its way, so that there is memory to use again meanwhile.
 */
const LEAVING_SHARE = 1 / 16;

/**
 * On top of the budget, to pieces that are read to their places; others are copied there. Eight of
 * 8 MiB find room beside a cache of 256 MiB, headers and all.
 */
export const ARRIVING_SHARE_MAX = 0.375;

/** Of the budget, to pieces that can be asked for, however much of the rest stays with threads. */
const CACHED_SHARE_MIN = 0.5;

export type PieceCacheOptions = {
  readonly bytesMax: number;
  /** Memory that other threads see as well. */
  readonly shared?: boolean;
  /** Other threads are lent pieces, and give them back when they are told to. */
  readonly lent?: boolean;
};

/**
 * Verified pieces of all torrents, framed, under one byte budget that counts their memory and what
 * lies unused. Which one goes is the policy's to say.
 *
 * Memory is used again for other pieces, but never while a socket may still read it: a piece that
 * is forgotten while pinned gives its memory back with its last pin.
 */
export class PieceCache implements CachedPieces {
  readonly #bytesMax: number;
  readonly #lent: boolean;
  #evicted: (piece: CachedPiece) => void = () => {};
  readonly #pool: PiecePool;
  readonly #policy: EvictionPolicy;
  /** Of pieces that are not here. */
  readonly asked: AskedPieces;
  readonly #bySlot: (CachedPiece | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #slotsMax: number;
  /** Written on every use, by any thread. */
  readonly visited: Uint8Array;
  #cachedBytes = 0;
  #leavingBytes = 0;
  #arrivingBytes = 0;
  /** So much was on its way at once, and is kept for what comes next. */
  #arrivingBytesMost = 0;
  #pinnedBytes = 0;

  constructor({ bytesMax, lent = false, shared = lent }: PieceCacheOptions) {
    this.#bytesMax = bytesMax;
    this.#lent = lent;
    this.#slotsMax = Math.min(CACHED_PIECES_MAX, Math.ceil(bytesMax / SHORTEST_PIECE_BYTES));
    const bytes = shared ? new SharedArrayBuffer(this.#slotsMax) : new ArrayBuffer(this.#slotsMax);
    this.visited = new Uint8Array(bytes);
    this.#pool = new PiecePool(shared ? allocateShared : Buffer.allocUnsafeSlow);
    this.asked = new AskedPieces({ cacheBytes: bytesMax });
    this.#policy = new S3FifoPolicy({
      bytesMax,
      slotsMax: this.#slotsMax,
      visited: this.visited,
    });
  }

  /** Tells of each piece that is forgotten, after it is gone from its shelf. */
  onEvicted(evicted: (piece: CachedPiece) => void): void {
    this.#evicted = evicted;
  }

  /** Memory of the pieces that can be asked for. */
  get byteLength(): number {
    return this.#cachedBytes;
  }

  /** All memory that is held: also for pieces on their way in or out, and what lies unused. */
  get heldBytes(): number {
    const onTheirWay = this.#arrivingBytes + this.#leavingBytes;
    return this.#cachedBytes + onTheirWay + this.#pool.freeBytes;
  }

  get isCrowded(): boolean {
    return this.#pinnedBytes > this.#bytesMax * PINNED_SHARE_MAX;
  }

  get(shelf: Shelf, piece: number): CachedPiece | null {
    return shelf.pieces[piece] ?? null;
  }

  touch({ slot }: CachedPiece, mark: number): void {
    visit(this.visited, slot, mark);
  }

  /**
   * Memory for a piece of this length that is read to its place, framed, to be kept or given up;
   * null if too much is on its way already. Nothing is forgotten for it before it is there.
   */
  expect(pieceBytes: number): Buffer | null {
    const byteLength = framedLength(pieceBytes);
    const arrivingBytes = this.#arrivingBytes + byteLength;
    if (arrivingBytes > this.#bytesMax * ARRIVING_SHARE_MAX) return null;
    const framed = this.#pool.reuse(byteLength) ?? this.#pool.make(byteLength);
    this.#arrivingBytes = arrivingBytes;
    this.#arrivingBytesMost = Math.max(this.#arrivingBytesMost, arrivingBytes);
    this.#dropUnused();
    return framed;
  }

  /** The same for a piece that is here to be copied: under the budget, so others are forgotten. */
  begin(pieceBytes: number): Buffer {
    const framed = this.#memory(framedLength(pieceBytes));
    this.#arrivingBytes += framed.length;
    return framed;
  }

  /** Nothing came of it. What somebody may still write to is left to the collector. */
  giveUp(framed: Buffer, { isWritten }: { readonly isWritten: boolean }): void {
    this.#arrivingBytes -= framed.length;
    if (!isWritten) this.#release(framed);
  }

  /** It is a piece now that was verified; one that was in its place is replaced. */
  keep({ shelf, piece }: PlaceOnShelf, framed: Buffer): CachedPiece {
    this.#arrivingBytes -= framed.length;
    this.#makeRoom(framed.length);
    const held = shelf.pieces[piece];
    if (held !== undefined) this.#evict(held);
    const cached = new CachedPiece({ shelf, piece }, framed, this.#takeSlot());
    shelf.add(cached);
    this.#bySlot[cached.slot] = cached;
    this.#cachedBytes += framed.length;
    const key = pieceKey(cached);
    this.#policy.insert(cached.slot, { key, bytes: this.#counted(framed) });
    visit(this.visited, cached.slot, this.asked.take(cached));
    return cached;
  }

  /** Forgets every piece of a torrent. */
  clear(shelf: Shelf): void {
    for (const piece of shelf.pieces) {
      if (piece !== undefined) this.#evict(piece);
    }
    shelf.pieces.length = 0;
  }

  pin(piece: CachedPiece): void {
    if (piece.pins === 0) this.#pinnedBytes += piece.framed.length;
    piece.pins += 1;
  }

  unpin(piece: CachedPiece): void {
    assert(piece.pins > 0);
    piece.pins -= 1;
    if (piece.pins > 0) return;
    this.#pinnedBytes -= piece.framed.length;
    this.#leave(piece);
  }

  /** Another thread has it, and reads it until it gives it back. */
  lease(piece: CachedPiece): void {
    piece.leases += 1;
  }

  giveBack(piece: CachedPiece): void {
    assert(piece.leases > 0);
    piece.leases -= 1;
    this.#leave(piece);
  }

  /** Gives the memory of a forgotten piece back, once nobody reads it any more. */
  #leave(piece: CachedPiece): void {
    if (piece.cached || piece.pins > 0 || piece.leases > 0) return;
    this.#leavingBytes -= piece.framed.length;
    this.#release(piece.framed);
  }

  #makeRoom(byteLength: number): void {
    const othersMax = this.#cachedBytesMax() - byteLength;
    while (this.#cachedBytes > 0 && this.#cachedBytes > othersMax) {
      if (!this.#evictOne()) break;
    }
  }

  /** What others still read goes over the budget rather than be overwritten, or empty the cache. */
  #memory(byteLength: number): Buffer {
    this.#makeRoom(byteLength);
    while (true) {
      const reused = this.#pool.reuse(byteLength);
      if (reused !== null) return reused;
      const fits = this.heldBytes + byteLength <= this.#heldBytesMax;
      if (fits || (!this.#pool.dropOne() && !this.#evictFree())) return this.#pool.make(byteLength);
    }
  }

  get #heldBytesMax(): number {
    return this.#bytesMax + this.#arrivingBytesMost;
  }

  /** Where threads keep what is forgotten for longer than its way takes, there are fewer pieces. */
  #cachedBytesMax(): number {
    if (!this.#lent) return this.#bytesMax;
    const leavingBytes = Math.max(this.#leavingBytes, this.#bytesMax * LEAVING_SHARE);
    return Math.max(this.#bytesMax - leavingBytes, this.#bytesMax * CACHED_SHARE_MIN);
  }

  /** A piece that is longer than the budget has all of it. */
  #counted(framed: Buffer): number {
    return Math.min(framed.length, this.#bytesMax);
  }

  #takeSlot(): number {
    const free = this.#freeSlots.pop();
    if (free !== undefined) return free;
    if (this.#bySlot.length < this.#slotsMax) {
      this.#bySlot.push(undefined);
      return this.#bySlot.length - 1;
    }
    this.#evictOne();
    const slot = this.#freeSlots.pop();
    assert(slot !== undefined);
    return slot;
  }

  /** One that no socket reads, if there is one. */
  #evictOne(): boolean {
    return this.#evictFirst(({ pins }) => pins === 0) || this.#evictFirst((piece) => piece.cached);
  }

  /** One whose memory comes free at once; other threads have nearly all, so none is looked for. */
  #evictFree(): boolean {
    return !this.#lent && this.#evictFirst(({ pins }) => pins === 0);
  }

  #evictFirst(canGo: (piece: CachedPiece) => boolean): boolean {
    const slot = this.#policy.victim((each) => {
      const piece = this.#bySlot[each];
      return piece !== undefined && canGo(piece);
    });
    const piece = slot === null ? undefined : this.#bySlot[slot];
    if (piece === undefined) return false;
    this.#evict(piece);
    return true;
  }

  #evict(piece: CachedPiece): void {
    this.#policy.remove(piece.slot);
    piece.shelf.remove(piece);
    piece.cached = false;
    this.#bySlot[piece.slot] = undefined;
    this.#freeSlots.push(piece.slot);
    this.#cachedBytes -= piece.framed.length;
    this.#leavingBytes += piece.framed.length;
    this.#evicted(piece);
    this.#leave(piece);
  }

  /** Kept for the next piece of its length, unless there is too much of it. */
  #release(framed: Buffer): void {
    this.#pool.give(framed);
    this.#dropUnused();
  }

  #dropUnused(): void {
    while (this.heldBytes > this.#heldBytesMax && this.#pool.dropOne());
  }
}

function allocateShared(byteLength: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(byteLength));
}
