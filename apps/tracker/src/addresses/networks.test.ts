import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AddressBytes } from "./address-bytes.ts";
import { Networks } from "./networks.ts";

const rows = [
  { networks: ["10.0.0.0/8"], inside: ["10.0.0.0", "10.255.255.255"], outside: ["11.0.0.0"] },
  { networks: ["192.0.2.128/25"], inside: ["192.0.2.128"], outside: ["192.0.2.127"] },
  { networks: ["192.0.2.7"], inside: ["192.0.2.7"], outside: ["192.0.2.6", "::192.0.2.7"] },
  { networks: ["0.0.0.0/0"], inside: ["255.1.2.3"], outside: ["2001:db8::1"] },
  { networks: ["2001:db8::/33"], inside: ["2001:db8:7fff::"], outside: ["2001:db8:8000::"] },
  { networks: ["::ffff:192.0.2.0/120"], inside: ["192.0.2.9"], outside: ["192.0.3.9"] },
  { networks: ["10.0.0.0/8", "::1"], inside: ["::1", "10.1.1.1"], outside: ["::2"] },
  { networks: [], inside: [], outside: ["127.0.0.1", "::1"] },
];

for (const { networks, inside, outside } of rows) {
  test(`Networks.has() given ${networks.join(" and ") || "none"}`, () => {
    const parsed = givenNetworks(networks);
    for (const text of inside) ok(parsed.has(givenAddress(text)), text);
    for (const text of outside) ok(!parsed.has(givenAddress(text)), text);
  });
}

const none = [
  "",
  "host",
  "10.0.0.0/33",
  "10.0.0.1/8",
  "::/129",
  "10.0.0.0/8/8",
  "10.0.0.0/",
  "::1%lo",
];

test("Networks.parse() names the text that is none", () => {
  for (const invalid of none) deepEqual(Networks.parse(["::1", invalid]), { invalid });
});

test("Networks.has() agrees with numbers", () => {
  const address = fc.nat({ max: 0xffff });
  fc.assert(
    fc.property(address, address, fc.integer({ min: 16, max: 32 }), (a, b, prefix) => {
      const shift = 32 - prefix;
      const network = (a >> shift) << shift;
      const networks = givenNetworks([`10.1.${network >> 8}.${network & 0xff}/${prefix}`]);
      const expected = b >> shift === a >> shift;
      equal(networks.has(givenAddress(`10.1.${b >> 8}.${b & 0xff}`)), expected);
    }),
  );
});

test("AddressBytes.parse() takes an IPv4-mapped address for IPv4", () => {
  for (const text of ["::ffff:192.0.2.1", "::FFFF:c000:201", "192.0.2.1"]) {
    equal(givenAddress(text).length, 4);
    equal(String(givenAddress(text)), "192.0.2.1");
  }
});

test("AddressBytes.parse() refuses what is no address", () => {
  const texts = ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1..2.3", "1.2.3.", "::g", "a"];
  for (const text of texts) equal(new AddressBytes().parse(text), false, text);
});

function givenNetworks(texts: readonly string[]): Networks {
  const networks = Networks.parse(texts);
  if ("invalid" in networks) throw new Error(`"${networks.invalid}" is no network`);
  return networks;
}

function givenAddress(text: string): AddressBytes {
  const address = new AddressBytes();
  ok(address.parse(text), text);
  return address;
}
