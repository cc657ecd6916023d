import { type Bencoded, find, isList, itemsOf, textOf } from "@seedfleet/bencode";
import { TRACKERS_MAX, URL_LENGTH_MAX, WEB_SEEDS_MAX } from "./limits.ts";

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\/./i;

/**
 * Whether text can be asked for as a URL at all. Which schemes we speak is for the caller; here
 * only what no client could use is left out.
 */
export function isUrl(text: string): boolean {
  return text.length <= URL_LENGTH_MAX && SCHEME.test(text) && text.trim() === text;
}

/**
 * The tiers of `announce-list` (BEP 12), or else `announce` as the only tier. What is no URL is
 * left out, as is a tier of which nothing remains, and a URL that came before.
 */
export function parseTrackers(metainfo: Bencoded): readonly (readonly string[])[] {
  const seen = new Set<string>();
  const tiers: string[][] = [];
  for (const tier of itemsOf(find(metainfo, "announce-list"))) {
    const urls = newUrls(itemsOf(tier), seen, TRACKERS_MAX);
    if (urls.length > 0) tiers.push(urls);
    if (seen.size === TRACKERS_MAX) break;
  }
  if (tiers.length > 0) return tiers;
  const announce = find(metainfo, "announce");
  const urls = announce === null ? [] : newUrls([announce], seen, TRACKERS_MAX);
  return urls.length > 0 ? [urls] : [];
}

/** The URLs of `url-list` (BEP 19), which is a list or one string. */
export function parseWebSeeds(metainfo: Bencoded): readonly string[] {
  return urlsOf(find(metainfo, "url-list"));
}

/** The URLs of `httpseeds` (BEP 17), which some write as one string too. */
export function parseHttpSeeds(metainfo: Bencoded): readonly string[] {
  return urlsOf(find(metainfo, "httpseeds"));
}

function urlsOf(value: Bencoded | null): readonly string[] {
  if (value === null) return [];
  return newUrls(isList(value) ? itemsOf(value) : [value], new Set(), WEB_SEEDS_MAX);
}

function newUrls(items: Iterable<Bencoded>, seen: Set<string>, max: number): string[] {
  const urls: string[] = [];
  for (const item of items) {
    if (seen.size === max) break;
    const url = textOf(item)?.trim() ?? "";
    if (!isUrl(url) || seen.has(url)) continue;
    seen.add(url);
    urls.push(url);
  }
  return urls;
}
