import type { ScrapeCounts } from "../announces/announces.ts";
import { type ReplyBytes, written } from "./reply-bytes.ts";

/** What stands around the swarms of a scrape reply (BEP 48). */
export const SCRAPE_BEGIN = "d5:filesd";
export const SCRAPE_END = "ee";

const COMPLETE = written("d8:completei");
const DOWNLOADED = written("10:downloadedi");
const DOWNLOADERS = written("11:downloadersi");
const INCOMPLETE = written("10:incompletei");

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
  output.integer(COMPLETE, counts.seeders);
  output.integer(DOWNLOADED, counts.downloaded);
  output.integer(DOWNLOADERS, counts.leechers - counts.partialSeeds);
  output.integer(INCOMPLETE, counts.leechers);
  output.text("e");
}
