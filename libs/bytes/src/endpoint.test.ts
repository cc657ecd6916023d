import { deepEqual, equal, notEqual } from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import {
  endpointFamily,
  endpointFromBytes,
  endpointHost,
  endpointOf,
  endpointPort,
} from "./endpoint.ts";
import { ipAddressBytes, ipAddressFromBytes, parseIpAddress } from "./ip-address.ts";

const cases = [
  { given: "an IPv4 address", host: "1.2.3.255", hex: "010203ff1ae1" },
  { given: "an IPv4-mapped address", host: "::ffff:1.2.3.4", hex: "010203041ae1" },
  { given: "an IPv4-mapped address in hex", host: "::FFFF:0102:304", hex: "010203041ae1" },
  { given: "the IPv6 loopback", host: "::1", hex: `${"00".repeat(15)}011ae1` },
  { given: "the empty IPv6 address", host: "::", hex: `${"00".repeat(16)}1ae1` },
  { given: "zeros in the middle", host: "2001:db8::7", hex: `20010db8${"00".repeat(11)}071ae1` },
  { given: "eight groups", host: "1:2:3:4:5:6:7:8", hex: "000100020003000400050006000700081ae1" },
  { given: "a zone", host: "fe80::1%eth0", hex: `fe80${"00".repeat(13)}011ae1` },
  { given: "a host name", host: "gateway.example", hex: null },
  { given: "an empty host", host: "", hex: null },
  { given: "three parts", host: "1.2.3", hex: null },
  { given: "a part above 255", host: "1.2.3.256", hex: null },
  { given: "a leading zero", host: "01.2.3.4", hex: null },
  { given: "two double colons", host: "1::2::3", hex: null },
  { given: "a double colon that stands for nothing", host: "1:2:3:4::5:6:7:8", hex: null },
  { given: "nine groups", host: "1:2:3:4:5:6:7:8:9", hex: null },
  { given: "a group of five digits", host: "12345::", hex: null },
  { given: "IPv4 before the end", host: "1.2.3.4::", hex: null },
] as const;

for (const { given, host, hex } of cases) {
  test(`endpointOf() given ${given}`, () => {
    const endpoint = endpointOf(host, 6881);
    const bytes = endpoint === null ? null : Buffer.from(endpoint, "latin1").toString("hex");
    equal(bytes, hex);
  });
}

for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
  test(`endpointOf() given port ${port} is null`, () => {
    equal(endpointOf("1.2.3.4", port), null);
  });
}

test("an endpoint gives back its address, port and family", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.ipV4(), fc.ipV6()),
      fc.integer({ min: 1, max: 65_535 }),
      (host, port) => {
        const endpoint = endpointOf(host, port);
        if (endpoint === null) throw new Error(`${host} is an address`);
        equal(endpointPort(endpoint), port);
        equal(endpointOf(endpointHost(endpoint), port), endpoint);
        equal(endpointFromBytes(Buffer.from(endpoint, "latin1")), endpoint);
        equal(endpointFamily(endpoint), isIP(endpointHost(endpoint)) === 4 ? "ipv4" : "ipv6");
      },
    ),
  );
});

test("endpointOf() takes exactly what node:net takes for an address", () => {
  const part = fc.constantFrom("::", ":", ".", "0", "2f", "12", "1.2.3.4", "256");
  const nearlyAddress = fc.array(part, { maxLength: 17 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(nearlyAddress, (host) => {
      (isIP(host) === 0 ? equal : notEqual)(endpointOf(host, 1), null);
    }),
    { numRuns: 20_000 },
  );
});

const compact = [
  { given: "port 0", hex: "010203040000", then: null },
  { given: "5 bytes", hex: "0102030405", then: null },
  { given: "1 byte", hex: "01", then: null },
  { given: "an IPv4-mapped address", hex: `${"00".repeat(10)}ffff010203041ae1`, then: "1.2.3.4" },
] as const;

for (const { given, hex, then } of compact) {
  test(`endpointFromBytes() given ${given}`, () => {
    const endpoint = endpointFromBytes(Buffer.from(hex, "hex"));
    equal(endpoint === null ? null : endpointHost(endpoint), then);
  });
}

test("ipAddressBytes() gives the bytes that ipAddressFromBytes() took", () => {
  const anyBytes = fc.constantFrom(4, 16).chain((length) =>
    // No IPv4-mapped address, which comes back as IPv4.
    fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => bytes.fill(1, 0, 1)),
  );
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const address = ipAddressFromBytes(bytes);
      deepEqual(address && ipAddressBytes(address), bytes);
    }),
  );
});

test("parseIpAddress() given an IPv4-mapped address is four bytes", () => {
  const address = parseIpAddress("::ffff:1.2.3.4");
  deepEqual(address && ipAddressBytes(address), Uint8Array.of(1, 2, 3, 4));
});
