import { deepEqual, equal, fail, ok } from "node:assert/strict";
import { test } from "node:test";
import {
  type InfoHashV2,
  infoHashFromBytes,
  parseInfoHashV2,
  truncatedInfoHash,
} from "@seedfleet/bytes";
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
      version: "hybrid",
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
    given: "a multihash of another kind alone",
    text: `magnet:?xt=urn:btmh:1114${"a".repeat(40)}`,
    then: "magnet-invalid-info-hash",
  },
  {
    given: "a short multihash alone",
    text: `magnet:?xt=urn:btmh:1220${"a".repeat(63)}`,
    then: "magnet-invalid-info-hash",
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

test("parseMagnet() given a torrent of v2 alone", () => {
  const text = `magnet:?xt=urn:btmh:1220${"aB".repeat(32)}&dn=n`;
  const { version, infoHash, infoHashV2 } = givenMagnet(text);
  deepEqual([version, infoHash, infoHashV2], ["v2", "ab".repeat(20), "ab".repeat(32)]);
  equal(formatMagnet(givenMagnet(text)), text.replaceAll("B", "b"));
});

test("parseMagnet() given a multihash that it does not know beside a v1 hash", () => {
  const text = `magnet:?xt=urn:btmh:1114${"a".repeat(40)}&xt=urn:btih:${HEX}`;
  deepEqual([givenMagnet(text).version, givenMagnet(text).infoHash], ["v1", HEX]);
});

const PLAIN = { noNullPrototype: true } as const;

const anyV1 = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(infoHashFromBytes);

const anyV2: fc.Arbitrary<InfoHashV2> = fc
  .stringMatching(/^[0-9a-f]{64}$/)
  .map((text) => parseInfoHashV2(text) ?? fail(text));

const anyTopics: fc.Arbitrary<Pick<Magnet, "version" | "infoHash" | "infoHashV2">> = fc.oneof(
  anyV1.map((infoHash) => ({ version: "v1" as const, infoHash, infoHashV2: null })),
  anyV2.map((infoHashV2) => {
    return { version: "v2" as const, infoHash: truncatedInfoHash(infoHashV2), infoHashV2 };
  }),
  fc.tuple(anyV1, anyV2).map(([infoHash, infoHashV2]) => {
    return { version: "hybrid" as const, infoHash, infoHashV2 };
  }),
);

const anyRest: fc.Arbitrary<Omit<Magnet, "version" | "infoHash" | "infoHashV2">> = fc.record(
  {
    kind: fc.constant("magnet"),
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

const anyMagnet: fc.Arbitrary<Magnet> = fc
  .tuple(anyTopics, anyRest)
  .map(([topics, rest]) => ({ ...rest, ...topics }));

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
