import { equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { peerOrigin } from "./peer-origin.ts";

const same = [
  { given: "two addresses of a /64", one: "2001:db8:1:2::1", other: "2001:db8:1:2:ffff::9" },
  { given: "an address written in two ways", one: "2001:db8::1", other: "2001:DB8:0:0::1" },
  { given: "an IPv4-mapped address", one: "192.0.2.7", other: "::ffff:192.0.2.7" },
  { given: "two zones", one: "fe80::1%eth0", other: "fe80::1%eth1" },
] as const;

for (const { given, one, other } of same) {
  test(`peerOrigin() given ${given} is the same`, () => {
    equal(peerOrigin(one), peerOrigin(other));
  });
}

const different = [
  { given: "two /64", one: "2001:db8:1:2::1", other: "2001:db8:1:3::1" },
  { given: "neighbours in IPv4", one: "192.0.2.7", other: "192.0.2.8" },
  { given: "two machines of a link", one: "fe80::1", other: "fe80::2" },
  { given: "two translated IPv4 addresses", one: "64:ff9b::192.0.2.7", other: "64:ff9b::1.2.3.4" },
  { given: "IPv4 and IPv6", one: "0.0.0.0", other: "::" },
  { given: "no address", one: "", other: "::1" },
] as const;

for (const { given, one, other } of different) {
  test(`peerOrigin() given ${given} is not the same`, () => {
    notEqual(peerOrigin(one), peerOrigin(other));
  });
}

test("peerOrigin() given IPv6 depends on no more than the first 64 bits", () => {
  const groups = (count: number): fc.Arbitrary<string> =>
    fc
      .array(fc.integer({ min: 0, max: 0xffff }), { minLength: count, maxLength: count })
      .map((numbers) => numbers.map((number) => number.toString(16)).join(":"));
  // Not of the few whose /64 is shared, nor IPv4 in disguise.
  const prefix = groups(3).map((text) => `2001:${text}`);
  fc.assert(
    fc.property(prefix, groups(4), groups(4), (first, one, other) => {
      equal(peerOrigin(`${first}:${one}`), peerOrigin(`${first}:${other}`));
    }),
  );
});
