import type { InfoHash } from "@seedfleet/bytes";
import { infoHashOf, parseQuery } from "./parse-query.ts";
import { type TrackerViolation, violation } from "./violation.ts";

/** As many as fit a UDP scrape (BEP 15 says about 74), so that both answer alike. */
export const SCRAPE_HASHES_MAX = 64;

export type ScrapeRequest = { readonly kind: "scrape"; readonly infoHashes: readonly InfoHash[] };

/**
 * Parses the raw query string of a scrape (BEP 48). A scrape of everything is refused: it would
 * cost more the more there is.
 */
export function parseScrape(query: string): ScrapeRequest | TrackerViolation {
  const parameters = parseQuery(query);
  if ("kind" in parameters) return parameters;
  const infoHashes = new Set<InfoHash>();
  for (const [name, value] of parameters) {
    if (name !== "info_hash") continue;
    const infoHash = infoHashOf(value);
    if (typeof infoHash !== "string") return infoHash;
    infoHashes.add(infoHash);
  }
  if (infoHashes.size === 0) {
    return violation("scrape-of-everything", "Scrape needs an info_hash");
  }
  if (infoHashes.size > SCRAPE_HASHES_MAX) {
    return violation("scrape-too-many", `Scrape is of more than ${SCRAPE_HASHES_MAX} torrents`);
  }
  return { kind: "scrape", infoHashes: [...infoHashes] };
}
