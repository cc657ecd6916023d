import type { ScrapeCounts } from "../announces/announces.ts";
import type { ReplyBytes } from "./reply-bytes.ts";

/** What stands around the swarms of a scrape reply (BEP 48). */
export const SCRAPE_BEGIN = "d5:filesd";
export const SCRAPE_END = "ee";

/**
 * Bencodes the counts of one swarm. `downloaders` (BEP 21) are those who still want pieces;
 * `incomplete` counts the partial seeds too.
 */
export function encodeScraped(
  infoHash: Uint8Array,
  counts: ScrapeCounts,
  output: ReplyBytes,
): void {
  output.text("20:");
  output.raw(infoHash);
  output.integer("d8:completei", counts.seeders);
  output.integer("10:downloadedi", counts.downloaded);
  output.integer("11:downloadersi", counts.leechers - counts.partialSeeds);
  output.integer("10:incompletei", counts.leechers);
  output.text("e");
}
