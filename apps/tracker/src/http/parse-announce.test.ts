import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AddressBytes } from "../addresses/address-bytes.ts";
import { AnnounceRequest } from "../announces/announce-request.ts";
import { givenQuery, INFO_HASH, PEER_ID, percentEncoded } from "../testing.ts";
import { AnnounceParser } from "./parse-announce.ts";

const accepted: readonly (readonly [string, string, Partial<AnnounceRequest>])[] = [
  ["a usual query", givenQuery(), { leftBytes: 1_000, event: null, numWant: null, compact: true }],
  ["no left", givenQuery({ left: null }), { leftBytes: null }],
  ["a magnet's left", givenQuery({ left: "18446744073709551615" }), { leftBytes: null }],
  ["escaped digits", givenQuery({ left: "%31%30" }), { leftBytes: 10 }],
  ["exact amounts", givenQuery({ uploaded: "9007199254740991" }), { uploadedBytes: 2 ** 53 - 1 }],
  ["paused", givenQuery({ event: "paused" }), { event: "paused" }],
  ["an event spelled empty", givenQuery({ event: "empty" }), { event: null }],
  ["numwant 0", givenQuery({ numwant: "0" }), { numWant: 0 }],
  ["numwant -1", givenQuery({ numwant: "-1" }), { numWant: null }],
  ["a huge numwant", givenQuery({ numwant: "9".repeat(20) }), { numWant: 200 }],
  ["compact 0", givenQuery({ compact: "0", no_peer_id: "1" }), { compact: false, noPeerId: true }],
  [
    "as many names as clients have",
    givenQuery({
      ...{ corrupt: "0", redundant: "0", supportcrypto: "1", requirecrypto: "0", azudp: "1" },
      ...{ azver: "3", azsf: "0", azas: "x", azq: "", cryptoport: "1", hide: "1", key: "ABCDEF01" },
      ...{ tcp_port: "1", upnp: "0", natpmp: "1", lt: "2", xt: "v2", trackerid: "t" },
    }),
    {},
  ],
  ["32 names of no meaning", `${givenQuery()}&${names(32)}`, {}],
  [
    "an address for each that libtorrent listens on",
    `${givenQuery()}&ipv4=10.0.0.1&ipv4=10.0.0.2&ipv6=%3A%3A1&ipv6=fe80%3A%3A1`,
    {},
  ],
  ["escapes in either case", givenQuery({ event: "%73tarte%64" }), { event: "started" }],
  ["an empty event", givenQuery({ event: "" }), { event: null }],
  ["2⁶³ − 1 left", givenQuery({ left: "9223372036854775807" }), { leftBytes: null }],
  ["what nobody reads", `&&${givenQuery({ ip: "x", key: "1", trackerid: "y" })}&corrupt&`, {}],
];

for (const [given, query, is] of accepted) {
  test(`AnnounceParser given ${given}`, () => {
    const { outcome, request } = parsed(query);
    equal(outcome, null);
    deepEqual({ ...request, ...is }, { ...request });
    equal(Buffer.from(request.infoHash).toString("hex"), INFO_HASH);
    equal(Buffer.from(request.peerId).toString("hex"), PEER_ID);
    equal(endpoint(request), "c00002631ae1");
  });
}

const refused = [
  ["", "info-hash-invalid"],
  [givenQuery({ info_hash: "ab" }), "info-hash-invalid"],
  [givenQuery({ info_hash: INFO_HASH }), "info-hash-invalid"],
  [givenQuery({ peer_id: null }), "peer-id-invalid"],
  [givenQuery({ port: "0" }), "port-invalid"],
  [givenQuery({ port: "65536" }), "port-invalid"],
  [givenQuery({ port: "-1" }), "port-invalid"],
  [givenQuery({ port: null }), "port-invalid"],
  [givenQuery({ left: "-1" }), "number-invalid"],
  [givenQuery({ uploaded: "9007199254740992" }), "number-invalid"],
  [givenQuery({ downloaded: "" }), "number-invalid"],
  [givenQuery({ numwant: "-" }), "number-invalid"],
  [givenQuery({ event: "Started" }), "event-invalid"],
  [givenQuery({ key: "%" }), "escape-broken"],
  [givenQuery({ key: "%2" }), "escape-broken"],
  [givenQuery({ key: "%zz" }), "escape-broken"],
  [`${givenQuery()}&port=6881`, "parameter-repeated"],
  [`${givenQuery()}&a=1&b=2&a=1`, "parameter-repeated"],
  [`${givenQuery()}&${names(33)}`, "parameters-too-many"],
  [`${givenQuery()}&info_hash=${percentEncoded(INFO_HASH)}`, "parameter-repeated"],
  [givenQuery({ left: "1+1" }), "number-invalid"],
  [`${givenQuery()}&a=${"a".repeat(8_192)}`, "query-too-long"],
] as const;

for (const [query, code] of refused) {
  test(`AnnounceParser refuses ${query.slice(-60)} with ${code}`, () => {
    equal(parsed(query).outcome, code);
  });
}

const named = [
  [{ ip: "203.0.113.1" }, "cb0071011ae1", ""],
  [{ ip: "2001:db8::1" }, `20010db8${"0".repeat(22)}011ae1`, ""],
  [{ ipv4: "203.0.113.1" }, "c00002631ae1", ""],
  [{ ipv4: "203.0.113.1&ipv4=203.0.113.2", ip: "::1" }, `${"0".repeat(31)}11ae1`, "cb0071011ae1"],
  [{ ipv6: "%5b2001:db8::1%5D:6882" }, "c00002631ae1", `20010db8${"0".repeat(22)}011ae2`],
  [{ ip: "2001:db8::1", ipv4: "203.0.113.1:9" }, `20010db8${"0".repeat(22)}011ae1`, "cb0071010009"],
] as const;

for (const [differing, first, other] of named) {
  test(`AnnounceParser given ${JSON.stringify(differing)} by who may name its address`, () => {
    const { outcome, request } = parsed(givenQuery(differing), true);
    equal(outcome, null);
    equal(endpoint(request), first);
    const beside = request.otherEndpoint.subarray(0, request.otherEndpointBytes);
    equal(Buffer.from(beside).toString("hex"), other);
    equal(endpoint(parsed(givenQuery(differing)).request), "c00002631ae1");
  });
}

test("AnnounceParser given a named address that is none refuses it", () => {
  for (const differing of [{ ip: "host" }, { ipv6: "192.0.2.1" }, { ipv6: "%5B::1%5D:0" }]) {
    equal(parsed(givenQuery(differing), true).outcome, "address-invalid");
  }
});

test("AnnounceParser never throws", () => {
  const part = fc.constantFrom("info_hash=", "port=1", "&", "=", "%", "%41", "ip=", "left=-", "a");
  const query = fc.oneof(
    fc.array(part).map((parts) => parts.join("")),
    fc.string(),
  );
  fc.assert(fc.property(query, (text) => ok(parsed(text, true).outcome !== undefined)));
});

function names(count: number): string {
  return Array.from({ length: count }, (_, index) => `x${index}=1`).join("&");
}

function parsed(
  query: string,
  maySetAddress = false,
): { readonly outcome: string | null; readonly request: AnnounceRequest } {
  const address = new AddressBytes();
  ok(address.parse("192.0.2.99"));
  const request = new AnnounceRequest();
  const bytes = Buffer.from(query);
  const span = { bytes, queryFrom: 0, queryTo: bytes.length };
  const refusal = new AnnounceParser().parse(span, { address, maySetAddress }, request);
  return { outcome: refusal?.code ?? null, request };
}

function endpoint({ endpoint: bytes, endpointBytes }: AnnounceRequest): string {
  return Buffer.from(bytes.subarray(0, endpointBytes)).toString("hex");
}
