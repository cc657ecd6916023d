import type { InfoHash } from "@seedfleet/bytes";
import type { SwarmCounts } from "@seedfleet/swarm";
import { byteString, latin1OfHex } from "./encode-bytes.ts";

type ScrapeCounts = Omit<SwarmCounts, "partialSeeds">;

export type ScrapeReply = {
  readonly kind: "scrape-reply";
  readonly swarms: readonly { readonly infoHash: InfoHash; readonly counts: ScrapeCounts }[];
};

/** Bencodes a scrape reply (BEP 48), its info hashes in the order of their bytes. */
export function encodeScrapeReply({ swarms }: ScrapeReply): Buffer {
  const files = swarms
    .toSorted((a, b) => (a.infoHash < b.infoHash ? -1 : 1))
    .map(({ infoHash, counts }) => {
      const key = byteString(latin1OfHex(infoHash));
      const { seeders, leechers, downloaded } = counts;
      return `${key}d8:completei${seeders}e10:downloadedi${downloaded}e10:incompletei${leechers}ee`;
    });
  return Buffer.from(`d5:filesd${files.join("")}ee`, "latin1");
}
