import { TRACKERS_TRIED_MAX } from "./announce-limits.ts";
import type { Chance } from "./chance.ts";
import { parseTrackerUrl, type TrackerUrl } from "./tracker-url.ts";

/**
 * The trackers that we can ask, each tier shuffled (BEP 12) and each tracker once, where it comes
 * first. Empty tiers are left out, and what is beyond the limit.
 */
export function shuffledTiers(
  tiers: readonly (readonly string[])[],
  chance: Chance,
): readonly (readonly TrackerUrl[])[] {
  const seen = new Set<string>();
  const found = tiers.map((tier) => {
    const urls: TrackerUrl[] = [];
    for (const text of tier) {
      const url = parseTrackerUrl(text);
      if (url === null || seen.has(url.href) || seen.size === TRACKERS_TRIED_MAX) continue;
      seen.add(url.href);
      urls.push(url);
    }
    return shuffled(urls, chance);
  });
  return found.filter(({ length }) => length > 0);
}

/** Fisher and Yates. */
function shuffled<Item>(items: readonly Item[], chance: Chance): readonly Item[] {
  const left = [...items];
  const drawn: Item[] = [];
  while (left.length > 0) drawn.push(...left.splice(chance.below(left.length), 1));
  return drawn;
}
