import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { percentEncoded } from "../testing.ts";
import { SCRAPE_HASHES_MAX, ScrapeParser } from "./parse-scrape.ts";

const [A, B, C] = ["00", "7f", "ff"].map((byte) => byte.repeat(20));

const read = [
  { given: "nothing", hashes: [], then: [] },
  { given: "one", hashes: [B], then: [B] },
  { given: "several in any order", hashes: [C, A, B], then: [A, B, C] },
  { given: "one twice", hashes: [B, A, B], then: [A, B] },
] as const;

for (const { given, hashes, then } of read) {
  test(`ScrapeParser given ${given}`, () => {
    deepEqual(parsed(queryOf(hashes)), then);
    deepEqual(parsed(`key=1&key=1&${queryOf(hashes)}&`), then);
  });
}

test("ScrapeParser takes so many torrents and no more", () => {
  const hashes = Array.from({ length: SCRAPE_HASHES_MAX + 1 }, (_, index) =>
    index.toString(16).padStart(40, "0"),
  );
  deepEqual(parsed(queryOf(hashes.slice(1).toReversed())), hashes.slice(1));
  equal(parsed(queryOf(hashes)), "scrape-too-many");
});

const refused = [
  ["info_hash=abc", "info-hash-invalid"],
  ["info_hash=", "info-hash-invalid"],
  ["info_hash=%", "escape-broken"],
  [`a=${"a".repeat(8_192)}`, "query-too-long"],
] as const;

for (const [query, code] of refused) {
  test(`ScrapeParser refuses ${query.slice(0, 20)} with ${code}`, () => {
    equal(parsed(query), code);
  });
}

test("ScrapeParser forgets the scrape before", () => {
  const parser = new ScrapeParser();
  parsed(queryOf([A, B, C]), parser);
  deepEqual(parsed(queryOf([B]), parser), [B]);
  equal(parsed("info_hash=x", parser), "info-hash-invalid");
  deepEqual(parsed("", parser), []);
});

function queryOf(hashes: readonly (string | undefined)[]): string {
  return hashes.map((hash) => `info_hash=${percentEncoded(hash ?? "")}`).join("&");
}

/** The info hashes in the parser's order, or the code of the refusal. */
function parsed(query: string, parser = new ScrapeParser()): string[] | string {
  const bytes = Buffer.from(query);
  const refusal = parser.parse({ bytes, queryFrom: 0, queryTo: bytes.length });
  if (refusal !== null) return refusal.code;
  return Array.from({ length: parser.infoHashCount }, (_, index) => parser.infoHash(index).toHex());
}
