import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseScrape, SCRAPE_HASHES_MAX } from "./parse-scrape.ts";
import { INFO_HASH, percentEncoded } from "./testing.ts";

const one = `info_hash=${percentEncoded(INFO_HASH)}`;

test("parseScrape() given several info hashes takes each once", () => {
  const other = "00".repeat(20);
  const parsed = parseScrape(`${one}&info_hash=${percentEncoded(other)}&key=1&key=1&${one}`);
  deepEqual(parsed, { kind: "scrape", infoHashes: [INFO_HASH, other] });
});

test("parseScrape() given the most info hashes takes them, and no more", () => {
  const some = (count: number): string =>
    Array.from({ length: count }, (_, index) => index.toString(16).padStart(40, "0"))
      .map((infoHash) => `info_hash=${percentEncoded(infoHash)}`)
      .join("&");
  equal(parseScrape(some(SCRAPE_HASHES_MAX)).kind, "scrape");
  const parsed = parseScrape(some(SCRAPE_HASHES_MAX + 1));
  equal(parsed.kind === "violation" && parsed.code, "scrape-too-many");
});

const refused = [
  { given: "no info hash", query: "", code: "scrape-of-everything" },
  { given: "a short info hash", query: `${one}&info_hash=ab`, code: "info-hash-invalid" },
  { given: "a broken escape", query: "info_hash=%x1", code: "escape-broken" },
  { given: "64 KiB", query: "a".repeat(65_536), code: "query-too-long" },
] as const;

for (const { given, query, code } of refused) {
  test(`parseScrape() given ${given} refuses it`, () => {
    const parsed = parseScrape(query);
    equal(parsed.kind === "violation" && parsed.code, code);
  });
}

test("parseScrape() never throws", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (query) => ok(parseScrape(query).kind)));
});
