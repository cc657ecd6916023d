import type { TrackerState } from "./answer-announce.ts";
import type { ScrapeReply } from "./encode-scrape-reply.ts";
import type { ScrapeRequest } from "./parse-scrape.ts";
import { starting, type TrackerViolation } from "./violation.ts";

/** Counts of the torrents that are registered; the others are left out, as BEP 48 has it. */
export function answerScrape(
  { swarms, torrents, board }: TrackerState,
  { infoHashes }: ScrapeRequest,
): ScrapeReply | TrackerViolation {
  const known = infoHashes.flatMap((infoHash) => {
    const swarm = torrents.swarmOf(infoHash);
    return swarm === null ? [] : [{ infoHash, swarm }];
  });
  if (known.length < infoHashes.length && !torrents.initialised) return starting();
  const gateways = board();
  return {
    kind: "scrape-reply",
    swarms: known.map(({ infoHash, swarm }) => {
      const counts = swarms.counts(swarm);
      const seeders = counts.seeders + gateways.serving(torrents.zonesOf(swarm)).count;
      return { infoHash, counts: { ...counts, seeders } };
    }),
  };
}
