import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import fc from "fast-check";
import { httpAnnounceUrl } from "./http-announce-url.ts";
import { givenFields } from "./testing.ts";
import { parseTrackerUrl } from "./tracker-url.ts";

const QUERY =
  "info_hash=%C0%FD%A1%ED%AF%DB%DB%B9dCBN%0B8%99%AFqY%D1%0E&peer_id=-SF0100-abcdefghijkl" +
  "&port=6881&uploaded=0&downloaded=0&left=1000&compact=1&no_peer_id=1&numwant=200&key=0badcafe" +
  "&event=started";

const cases = [
  { given: "no query", url: "http://t.example/announce", then: "http://t.example/announce?" },
  { given: "a passkey", url: "http://t.example/a?k=1", then: "http://t.example/a?k=1&" },
  { given: "an empty query", url: "http://t.example/a?", then: "http://t.example/a?" },
  { given: "a query that goes on", url: "http://t.example/a?k&", then: "http://t.example/a?k&" },
  { given: "a fragment", url: "http://t.example/a#b", then: "http://t.example/a?" },
] as const;

for (const { given, url, then } of cases) {
  test(`httpAnnounceUrl() given ${given}`, () => {
    equal(announceUrl(url), then + QUERY);
  });
}

test("httpAnnounceUrl() says that something is left while nobody knows how much", () => {
  const url = new URL(announceUrl("http://t.example/", { leftBytes: null, event: null }));
  equal(url.searchParams.get("left"), "16384");
  equal(url.searchParams.get("event"), null);
});

test("httpAnnounceUrl() sends back the tracker id", () => {
  const url = announceUrl("http://t.example/", { trackerId: Uint8Array.of(0, 0x26, 0x61, 0xff) });
  equal(url.split("&").at(-1), "trackerid=%00%26a%FF");
});

test("httpAnnounceUrl() encodes any info hash so that its bytes come back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
      const url = announceUrl("http://t.example/", { infoHash: infoHashFromBytes(bytes) });
      const encoded = /info_hash=([^&]*)/.exec(new URL(url).search)?.[1] ?? "";
      const read = encoded.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      deepEqual([...Buffer.from(read, "latin1")], [...bytes]);
    }),
  );
});

function announceUrl(text: string, differing: Parameters<typeof givenFields>[0] = {}): string {
  const tracker = parseTrackerUrl(text);
  return tracker === null ? "" : httpAnnounceUrl(tracker, givenFields(differing));
}
