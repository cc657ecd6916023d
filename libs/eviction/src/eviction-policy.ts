/**
 * How many pieces one call of `victim` offers in vain. Pieces that cannot go are on their way to a
 * socket; where 64 in a row are, the cache is smaller than what is under way, and looking on would
 * cost more than bringing a piece once again.
 */
export const REFUSALS_MAX = 64;

export type EvictionLimits = {
  readonly bytesMax: number;
  /** Slots are numbered from 0 to one less. */
  readonly slotsMax: number;
  /** A byte a slot, in memory that several threads may share; see `visit`. */
  readonly visited: Uint8Array;
};

export type CachedBytes = {
  /** The torrent and the piece, as one number; the same whenever the piece comes back. */
  readonly key: number;
  readonly bytes: number;
};

/** Whether this slot can be forgotten. Who says yes has lost it: it is the victim. */
export type CanGo = (slot: number) => boolean;

/**
 * Which slot of a cache to forget. It knows sizes and marks, and no piece; it is told of slots
 * that fill, and looks at the marks of `visit` only when somebody must go. Every call is O(1),
 * amortized over inserts and visits, and allocates nothing.
 *
 * The slots never hold more than `bytesMax`, and are never more than `slotsMax`.
 */
export interface EvictionPolicy {
  readonly bytesMax: number;
  readonly slotsMax: number;
  readonly byteLength: number;
  /** How many slots are filled. */
  readonly length: number;

  /** A slot was filled, which must have room. Its marks are wiped. */
  insert(slot: number, piece: CachedBytes): void;

  /** A slot was emptied for another reason than this policy. Nothing happens if it was empty. */
  remove(slot: number): void;

  /**
   * Offers slots to `canGo`, the best to forget first, until one can go. That one is removed and
   * given back. Null when none can, or after `REFUSALS_MAX`. `canGo` must not call the policy.
   */
  victim(canGo: CanGo): number | null;
}

/**
 * Has victims forgotten until a piece of so many bytes can be inserted. `forget` empties a slot
 * and says true, or says false because it cannot. False when there is no room to be made: then the
 * piece is not cached. A piece larger than the whole cache pushes nothing out.
 */
export function makeRoom(policy: EvictionPolicy, bytes: number, forget: CanGo): boolean {
  if (bytes > policy.bytesMax) return false;
  while (policy.byteLength + bytes > policy.bytesMax || policy.length === policy.slotsMax) {
    if (policy.victim(forget) === null) return false;
  }
  return true;
}
