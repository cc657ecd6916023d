import type { PickerPeer } from "./picker-peer.ts";
import type { Chance, RarityOrder } from "./rarity-order.ts";

/** Pieces of the order that are looked at before the peer's own are. */
const LOOKED_MAX = 128;

/** Something to trade with as soon as possible: the first pieces are any (libtorrent). */
const RANDOM_FIRST_PIECES = 4;

/** So many picks share the work of going through all that a peer has. */
const SHORTLIST_MAX = 256;

/** A key has the piece in its lowest bits, chance above it, and the rank on top: 53 bits in all. */
const PIECE_NUMBERS = 2 ** 24;
const CHANCES = 2 ** 20;

/** The pieces that a peer has, unless it is a seed. */
export function* piecesOf(peer: PickerPeer): Iterable<number> {
  for (let piece = peer.next(0); piece !== null; piece = peer.next(piece + 1)) yield piece;
}

/**
 * The best of a peer's pieces to begin, the best last: most wanted, rarest, and of equal ones any.
 */
function shortlistOf(peer: PickerPeer, order: RarityOrder, chance: Chance): number[] {
  const keys = new Float64Array(peer.count);
  let count = 0;
  for (let piece = peer.next(0); piece !== null; piece = peer.next(piece + 1)) {
    if (!order.has(piece)) continue;
    keys[count] = (order.rank(piece) * CHANCES + chance.below(CHANCES)) * PIECE_NUMBERS + piece;
    count += 1;
  }
  const best = keys.subarray(0, count).sort().subarray(0, SHORTLIST_MAX);
  return Array.from(best, (key) => key % PIECE_NUMBERS).toReversed();
}

/** The best piece to begin for a peer; null if it has none. */
export function rarestFor(
  peer: PickerPeer,
  order: RarityOrder,
  { chance, begunOrThere }: { readonly chance: Chance; readonly begunOrThere: number },
): number | null {
  const listed = takeShortlisted(peer, order);
  if (listed !== null) return listed;
  const anyRarity = begunOrThere < RANDOM_FIRST_PIECES;
  const found = order.search((piece) => peer.has(piece), {
    ...{ withUnheard: peer.isSeed, fromCommon: peer.isSlow },
    ...{ anyRarity, lookedMax: LOOKED_MAX },
  });
  if (found === "none") return null;
  if (found !== "gave-up") return found;
  peer.shortlist = shortlistOf(peer, order, chance);
  return takeShortlisted(peer, order);
}

/** The best of the shortlist that may still be begun; null when it is used up. */
function takeShortlisted(peer: PickerPeer, order: RarityOrder): number | null {
  while (peer.shortlist.length > 0) {
    const piece = peer.shortlist.pop() ?? 0;
    if (order.has(piece) && peer.has(piece)) return piece;
  }
  return null;
}

/** What the peer has since then may be rarer than all of its shortlist. */
export function shortlistToo(peer: PickerPeer, piece: number, order: RarityOrder): void {
  if (peer.shortlist.length === 0 || !order.has(piece)) return;
  const best = peer.shortlist.at(-1) ?? 0;
  if (order.rank(piece) < order.rank(best)) peer.shortlist.push(piece);
}
