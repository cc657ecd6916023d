import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import fc from "fast-check";
import { formatMagnet } from "./format-magnet.ts";
import type { Magnet } from "./magnet.ts";
import { parseMagnet } from "./parse-magnet.ts";

const HEX = "c0fda1edafdbdbb96443424e0b3899af7159d10e";
// What `base32` of coreutils says of the same 20 bytes.
const BASE32 = "YD62D3NP3PN3SZCDIJHAWOEZV5YVTUIO";

function givenMagnet(text: string): Magnet {
  const magnet = parseMagnet(text);
  ok(magnet.kind === "magnet", JSON.stringify(magnet));
  return magnet;
}

test("parseMagnet() given all that BEP 9 and 53 know", () => {
  deepEqual(
    givenMagnet(
      `MAGNET:?dn=A+b%20%C3%A9&xt=urn:btih:${HEX.toUpperCase()}` +
        `&xt.1=urn:btmh:1220${"aB".repeat(32)}` +
        "&tr.1=http%3A%2F%2Ft.example%2Fa%2Bb&tr.2=udp://u.example:1/a+b&tr=nonsense" +
        "&ws=http://w.example/&x.pe=10.0.0.1:6881&x.pe=%5B::1%5D:1&x.pe=host:0&so=0,2,4-6&x.y=z",
    ),
    {
      kind: "magnet",
      infoHash: HEX,
      infoHashV2: "ab".repeat(32),
      name: "A b é",
      trackers: ["http://t.example/a+b", "udp://u.example:1/a+b"],
      webSeeds: ["http://w.example/"],
      peers: [
        { host: "10.0.0.1", port: 6881 },
        { host: "::1", port: 1 },
      ],
      selectOnly: "0,2,4-6",
    },
  );
});

test("parseMagnet() given base32, in either case", () => {
  equal(givenMagnet(`magnet:?xt=urn:btih:${BASE32}`).infoHash, HEX);
  equal(givenMagnet(`magnet:?xt=urn:btih:${BASE32.toLowerCase()}`).infoHash, HEX);
});

const refused = [
  { given: "no magnet", text: `http://xt=urn:btih:${HEX}`, then: "magnet-invalid" },
  { given: "no topic", text: "magnet:?dn=a", then: "magnet-missing-info-hash" },
  { given: "a short hash", text: "magnet:?xt=urn:btih:c0fd", then: "magnet-invalid-info-hash" },
  {
    given: "a digit that base32 lacks",
    text: `magnet:?xt=urn:btih:1${BASE32.slice(1)}`,
    then: "magnet-invalid-info-hash",
  },
  {
    given: "a v2 torrent",
    text: `magnet:?xt=urn:btmh:1220${"a".repeat(64)}`,
    then: "metainfo-version-unsupported",
  },
  { given: "a novel", text: `magnet:?dn=${"a".repeat(20_000)}`, then: "magnet-too-long" },
] as const;

for (const { given, text, then } of refused) {
  test(`parseMagnet() given ${given}`, () => {
    const violation = parseMagnet(text);
    ok(violation.kind === "violation");
    equal(violation.code, then);
  });
}

const PLAIN = { noNullPrototype: true } as const;

const anyMagnet: fc.Arbitrary<Magnet> = fc.record(
  {
    kind: fc.constant("magnet"),
    infoHash: fc.uint8Array({ minLength: 20, maxLength: 20 }).map(infoHashFromBytes),
    infoHashV2: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/)),
    name: fc.option(
      fc.string({ unit: "binary", maxLength: 30 }).map((text) => text.toWellFormed()),
    ),
    trackers: fc.uniqueArray(fc.webUrl({ withQueryParameters: true }), { maxLength: 4 }),
    webSeeds: fc.uniqueArray(fc.webUrl(), { maxLength: 3 }),
    peers: fc.array(
      fc.record(
        {
          host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
          port: fc.integer({ min: 1, max: 65_535 }),
        },
        PLAIN,
      ),
      { maxLength: 4 },
    ),
    selectOnly: fc.option(fc.stringMatching(/^[0-9,-]{0,8}$/)),
  },
  PLAIN,
);

test("parseMagnet() reads what formatMagnet() wrote", () => {
  fc.assert(
    fc.property(anyMagnet, (magnet) => deepEqual(parseMagnet(formatMagnet(magnet)), magnet)),
  );
});

test("parseMagnet() never throws", () => {
  const anyPart = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "&",
      "=",
      "%",
      "%ff",
      "%zz",
      "xt=",
      "urn:btih:",
      HEX,
      "x.pe=",
      "[::1]:1",
      "tr=",
    ),
  );
  fc.assert(
    fc.property(fc.array(anyPart, { maxLength: 12 }), (parts) => {
      parseMagnet(`magnet:?${parts.join("")}`);
    }),
    { numRuns: 1_000 },
  );
});
