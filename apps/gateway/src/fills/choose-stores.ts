import type { CatalogEntry, Presence } from "@seedfleet/contracts";
import { isUnderOrigin, rendezvous } from "@seedfleet/fleet";

/** Neighbours go to one store, so that its read-ahead is of use; others go to other stores. */
export const PIECES_PER_STORE_RUN = 16;

/**
 * The piece-stores to ask for a piece, the best first, each once. A directory is read by its
 * holder; a bucket or an origin by any store that may, each for its share of the pieces, so that
 * what one has cached is asked of that one (rendezvous hash).
 */
export function chooseStores(
  { infoHash, sources }: Pick<CatalogEntry, "infoHash" | "sources">,
  piece: number,
  stores: readonly Presence[],
): readonly string[] {
  const run = Math.floor(piece / PIECES_PER_STORE_RUN);
  const chosen = sources.map(({ holder, location, shared }) => {
    if (!shared) return holder;
    const able = stores.filter(({ urls }) => isUnderOrigin(location, urls));
    const ids = able.map(({ id }) => id);
    return rendezvous(`${infoHash} ${run}`, ids) ?? holder;
  });
  return [...new Set(chosen)];
}
