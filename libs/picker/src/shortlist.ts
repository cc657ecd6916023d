import type { PickerPeer } from "./picker-peer.ts";
import { type Chance, PRIORITY_MAX, type RarityOrder } from "./rarity-order.ts";

/** So many picks share the work of going through all that a peer has. */
const SHORTLIST_MAX = 256;

/** The pieces that a peer has, unless it is a seed. */
export function* piecesOf(peer: PickerPeer): Iterable<number> {
  for (let piece = peer.next(0); piece !== null; piece = peer.next(piece + 1)) yield piece;
}

/**
 * The best of a peer's pieces to begin, the best last: most wanted, rarest, and of equal ones any.
 */
export function shortlistOf(peer: PickerPeer, order: RarityOrder, chance: Chance): number[] {
  const known: { readonly piece: number; readonly key: number }[] = [];
  for (const piece of piecesOf(peer)) {
    if (!order.has(piece)) continue;
    const rarity = order.availability(piece) + chance.below(2 ** 20) / 2 ** 20;
    known.push({ piece, key: (PRIORITY_MAX - order.priority(piece)) * 2 ** 20 + rarity });
  }
  const best = known.toSorted((a, b) => a.key - b.key).slice(0, SHORTLIST_MAX);
  return best.map(({ piece }) => piece).toReversed();
}

/** The best of the shortlist that may still be begun; null when it is used up. */
export function takeShortlisted(peer: PickerPeer, order: RarityOrder): number | null {
  while (peer.shortlist.length > 0) {
    const piece = peer.shortlist.pop() ?? 0;
    if (order.has(piece) && peer.has(piece)) return piece;
  }
  return null;
}

/** What the peer has since then may be rarer than all of its shortlist. */
export function shortlistToo(peer: PickerPeer, piece: number, order: RarityOrder): void {
  const best = peer.shortlist.at(-1);
  if (best === undefined || !order.has(piece)) return;
  if (order.availability(piece) < order.availability(best)) peer.shortlist.push(piece);
}
