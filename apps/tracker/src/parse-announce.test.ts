import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type AnnounceRequest, parseAnnounce } from "./parse-announce.ts";
import { QUERY_CHARS_MAX } from "./parse-query.ts";
import { givenQuery, givenRequest, INFO_HASH, PEER_ID, percentEncoded } from "./testing.ts";
import type { ViolationCode } from "./violation.ts";

type Accepted = {
  readonly given: string;
  readonly query: string;
  readonly then: Partial<AnnounceRequest>;
};

const accepted: readonly Accepted[] = [
  { given: "what every client sends", query: givenQuery(), then: {} },
  {
    given: "upper-case escapes",
    query: givenQuery({ info_hash: percentEncoded(INFO_HASH.toUpperCase()) }),
    then: {},
  },
  {
    given: "bytes that are text unescaped",
    query: givenQuery({ peer_id: Buffer.from(PEER_ID, "hex").toString("latin1") }),
    then: {},
  },
  {
    given: "an info hash of raw bytes",
    query: givenQuery({ info_hash: Buffer.from(INFO_HASH, "hex").toString("latin1") }),
    then: {},
  },
  {
    given: "a plus, which is no space",
    query: givenQuery({ peer_id: "+".repeat(20) }),
    then: { peerId: "2b".repeat(20) as AnnounceRequest["peerId"] },
  },
  { given: "no left", query: givenQuery({ left: null }), then: { leftBytes: null } },
  { given: "an empty left", query: givenQuery({ left: "" }), then: { leftBytes: null } },
  { given: "left of 0", query: givenQuery({ left: "0" }), then: { leftBytes: 0 } },
  {
    given: "the left of Transmission before it has the metainfo",
    query: givenQuery({ left: "18446744073709551615" }),
    then: { leftBytes: null },
  },
  {
    given: "the largest exact amounts",
    query: givenQuery({ uploaded: "9007199254740991", left: "9007199254740991" }),
    then: { uploadedBytes: 2 ** 53 - 1, leftBytes: 2 ** 53 - 1 },
  },
  { given: "no uploaded", query: givenQuery({ uploaded: null }), then: {} },
  { given: "event started", query: givenQuery({ event: "started" }), then: { event: "started" } },
  { given: "event stopped", query: givenQuery({ event: "stopped" }), then: { event: "stopped" } },
  { given: "event paused", query: givenQuery({ event: "paused" }), then: { event: "paused" } },
  {
    given: "event completed",
    query: givenQuery({ event: "completed" }),
    then: { event: "completed" },
  },
  { given: "an event without a value", query: givenQuery({ event: "" }), then: {} },
  { given: "an event spelled empty", query: givenQuery({ event: "empty" }), then: {} },
  { given: "numwant 0", query: givenQuery({ numwant: "0" }), then: { numWant: 0 } },
  { given: "numwant 7", query: givenQuery({ numwant: "7" }), then: { numWant: 7 } },
  { given: "numwant -1", query: givenQuery({ numwant: "-1" }), then: { numWant: null } },
  {
    given: "a huge numwant",
    query: givenQuery({ numwant: "9".repeat(20) }),
    then: { numWant: 200 },
  },
  { given: "compact 0", query: givenQuery({ compact: "0" }), then: { compact: false } },
  { given: "no compact", query: givenQuery({ compact: null }), then: { compact: true } },
  { given: "no_peer_id 1", query: givenQuery({ no_peer_id: "1" }), then: { noPeerId: true } },
  { given: "port 65535", query: givenQuery({ port: "65535" }), then: { port: 65_535 } },
  {
    given: "parameters nobody reads",
    query: givenQuery({ ip: "192.0.2.9", key: "a1", trackerid: "x", supportcrypto: "1" }),
    then: {},
  },
  { given: "a name without a value", query: `&&${givenQuery()}&corrupt&`, then: {} },
];

for (const { given, query, then } of accepted) {
  test(`parseAnnounce() given ${given}`, () => {
    deepEqual(parseAnnounce(query), givenRequest(then));
  });
}

const hash = percentEncoded(INFO_HASH);
const refused: readonly { given: string; query: string; code: ViolationCode }[] = [
  { given: "nothing", query: "", code: "info-hash-invalid" },
  { given: "a short hash", query: givenQuery({ info_hash: "ab" }), code: "info-hash-invalid" },
  { given: "a long hash", query: givenQuery({ info_hash: `${hash}a` }), code: "info-hash-invalid" },
  {
    given: "a hash in hex",
    query: givenQuery({ info_hash: INFO_HASH }),
    code: "info-hash-invalid",
  },
  {
    given: "half an escape",
    query: givenQuery({ info_hash: `${hash.slice(0, -1)}` }),
    code: "escape-broken",
  },
  { given: "an escape of no digits", query: givenQuery({ key: "%zz" }), code: "escape-broken" },
  { given: "a percent sign at the end", query: givenQuery({ key: "%" }), code: "escape-broken" },
  { given: "a character that is no byte", query: givenQuery({ key: "€" }), code: "escape-broken" },
  { given: "no peer id", query: givenQuery({ peer_id: null }), code: "peer-id-invalid" },
  { given: "a short peer id", query: givenQuery({ peer_id: "abc" }), code: "peer-id-invalid" },
  { given: "port 0", query: givenQuery({ port: "0" }), code: "port-invalid" },
  { given: "port 65536", query: givenQuery({ port: "65536" }), code: "port-invalid" },
  { given: "no port", query: givenQuery({ port: null }), code: "port-invalid" },
  { given: "a port in hex", query: givenQuery({ port: "0x1ae1" }), code: "port-invalid" },
  { given: "a negative port", query: givenQuery({ port: "-1" }), code: "port-invalid" },
  { given: "negative left", query: givenQuery({ left: "-1" }), code: "number-invalid" },
  { given: "negative uploaded", query: givenQuery({ uploaded: "-1" }), code: "number-invalid" },
  { given: "a fraction", query: givenQuery({ downloaded: "1.5" }), code: "number-invalid" },
  { given: "an exponent", query: givenQuery({ left: "1e3" }), code: "number-invalid" },
  {
    given: "uploaded of more than is exact",
    query: givenQuery({ uploaded: "9007199254740992" }),
    code: "number-invalid",
  },
  {
    given: "left of 21 digits",
    query: givenQuery({ left: "1".repeat(21) }),
    code: "number-invalid",
  },
  { given: "numwant in words", query: givenQuery({ numwant: "all" }), code: "number-invalid" },
  { given: "an unknown event", query: givenQuery({ event: "begun" }), code: "event-invalid" },
  { given: "a port twice", query: `${givenQuery()}&port=1`, code: "parameter-repeated" },
  { given: "a hash twice", query: `${givenQuery()}&info_hash=1`, code: "parameter-repeated" },
  {
    given: "64 KiB",
    query: givenQuery({ key: "a".repeat(65_536) }),
    code: "query-too-long",
  },
];

for (const { given, query, code } of refused) {
  test(`parseAnnounce() given ${given} refuses it`, () => {
    const parsed = parseAnnounce(query);
    equal(parsed.kind === "violation" && parsed.code, code);
  });
}

test("parseAnnounce() given the longest query takes it", () => {
  const filler = "a".repeat(QUERY_CHARS_MAX - givenQuery().length - "&key=".length);
  equal(parseAnnounce(givenQuery({ key: filler })).kind, "announce");
});

test("parseAnnounce() never throws, and says why in printable ASCII", () => {
  const name = fc.constantFrom("info_hash", "peer_id", "port", "left", "numwant", "event", "x");
  const value = fc.oneof(fc.string(), fc.constantFrom("%", "%4", hash, "1", "-1", "9".repeat(30)));
  const nearly = fc
    .array(fc.tuple(name, value), { maxLength: 8 })
    .map((pairs) => pairs.map((pair) => pair.join("=")).join("&"));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), nearly), (query) => {
      const parsed = parseAnnounce(query);
      ok(parsed.kind === "announce" || /^[\x20-\x7e]{1,100}$/.test(parsed.sendableText));
    }),
    { numRuns: 2_000 },
  );
});

test("parseAnnounce() gives back any info hash and peer id, however they are escaped", () => {
  const bytes = fc.uint8Array({ minLength: 20, maxLength: 20 });
  const escaped = fc.array(fc.boolean(), { minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(bytes, bytes, escaped, (infoHash, peerId, escapes) => {
      const query = givenQuery({
        info_hash: someEscaped(infoHash, escapes),
        peer_id: someEscaped(peerId, escapes),
      });
      const parsed = parseAnnounce(query);
      ok(parsed.kind === "announce");
      equal(parsed.infoHash, Buffer.from(infoHash).toString("hex"));
      equal(parsed.peerId, Buffer.from(peerId).toString("hex"));
    }),
  );
});

/** Escapes what must be, and what else is asked for. */
function someEscaped(bytes: Uint8Array, escapes: readonly boolean[]): string {
  return [...bytes]
    .map((byte, index) => {
      const character = String.fromCharCode(byte);
      const must = escapes[index] || character === "%" || character === "&";
      return must ? `%${byte.toString(16).padStart(2, "0")}` : character;
    })
    .join("");
}
