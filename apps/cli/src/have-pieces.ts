import type { Bus } from "@seedfleet/bus";
import { type CatalogEntry, havePiecesCall } from "@seedfleet/contracts";

/** A store that is away must not keep a list waiting. */
const ASK_MS_MAX = 2_000;

/**
 * How many pieces of a torrent that is incomplete are there, at the store that has most; null where
 * none of them says.
 */
export async function countHavePieces(
  bus: Bus,
  { infoHash, sources }: Pick<CatalogEntry, "infoHash" | "sources">,
): Promise<number | null> {
  const holders = [...new Set(sources.map(({ holder }) => holder))];
  const counts = await Promise.all(
    holders.map((holder) => countAt(bus, { holder, infoHash }).catch(() => null)),
  );
  return counts.reduce((most, count) => (count !== null && count > (most ?? -1) ? count : most));
}

async function countAt(
  bus: Bus,
  { holder, infoHash }: Pick<CatalogEntry, "infoHash"> & { readonly holder: string },
): Promise<number> {
  let count = 0;
  const options = { timeoutMs: ASK_MS_MAX };
  for await (const bits of bus.stream(havePiecesCall, { holder }, { infoHash }, options)) {
    for (const byte of bits) count += BITS_SET[byte] ?? 0;
  }
  return count;
}

/** Of every byte. */
const BITS_SET: readonly number[] = Array.from(
  { length: 256 },
  (_, byte) => byte.toString(2).replaceAll("0", "").length,
);
