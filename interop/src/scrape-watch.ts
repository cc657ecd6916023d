// Scrapes a swarm again and again until it is ended, and prints a line whenever an answer differs
// from the one before: `http: 1 seeding 0 leeching 0 downloaded`, the same for udp. A process of
// its own, since the tracker may be in a network namespace that the test is not in.
//
// Usage: scrape-watch.ts INFO_HASH ANNOUNCE_URL…
import { setTimeout as pass } from "node:timers/promises";
import { scrape } from "./scrape.ts";

const POLL_MS = 50;

const [infoHash = "", ...announceUrls] = process.argv.slice(2);

await Promise.all(
  announceUrls.map(async (url) => {
    let last = "";
    while (true) {
      const { seeders, leechers, downloaded } = await scrape(url, infoHash);
      const counts = `${seeders} seeding ${leechers} leeching ${downloaded} downloaded`;
      if (counts !== last) process.stdout.write(`${new URL(url).protocol} ${counts}\n`);
      last = counts;
      await pass(POLL_MS);
    }
  }),
);
