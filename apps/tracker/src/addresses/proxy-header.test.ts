import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AddressBytes } from "./address-bytes.ts";
import { PROXY_HEADER_BYTES_MAX, readProxyHeader } from "./proxy-header.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const IPV4 = `${SIGNATURE}2111000cc0000201cb007101b6791f90`;
const IPV6 = `${SIGNATURE}21210024${"20010db8".padEnd(32, "0")}${"f".repeat(32)}00010002`;

const rows = [
  { given: "IPv4", header: IPV4, asker: "192.0.2.1" },
  { given: "IPv6", header: IPV6, asker: "2001:db8:0:0:0:0:0:0" },
  {
    given: "what a proxy adds",
    header: `${IPV4.replace("000c", "0010")}04000101`,
    asker: "192.0.2.1",
  },
  { given: "LOCAL", header: `${SIGNATURE}20000000`, asker: "10.0.0.1" },
  { given: "LOCAL with addresses", header: IPV4.replace("2111", "2011"), asker: "10.0.0.1" },
  { given: "an unspecified family", header: `${SIGNATURE}21000003000000`, asker: "10.0.0.1" },
];

for (const { given, header, asker } of rows) {
  test(`readProxyHeader() given ${given}, cut anywhere`, () => {
    const bytes = Buffer.from(header, "hex");
    for (let length = 0; length < bytes.length; length += 1) {
      equal(readProxyHeader(bytes.subarray(0, length), givenProxy()), 0);
    }
    const found = givenProxy();
    equal(readProxyHeader(Buffer.concat([bytes, Buffer.from("GET /")]), found), bytes.length);
    equal(String(found), asker);
  });
}

const broken = [
  { given: "a request", header: Buffer.from("GET /announce").toString("hex") },
  { given: "the text of version 1", header: Buffer.from("PROXY TCP4 ").toString("hex") },
  { given: "another version", header: IPV4.replace("2111", "3111") },
  { given: "another command", header: IPV4.replace("2111", "2211") },
  { given: "a datagram", header: IPV4.replace("2111", "2112") },
  { given: "a UNIX socket", header: IPV4.replace("2111", "2131") },
  { given: "too few bytes for IPv4", header: IPV4.replace("000c", "000b") },
  { given: "too few bytes for IPv6", header: IPV6.replace("0024", "0023") },
  { given: "too many bytes", header: IPV4.replace("000c", "ffff") },
];

for (const { given, header } of broken) {
  test(`readProxyHeader() given ${given} knows that it is none`, () => {
    equal(readProxyHeader(Buffer.from(header, "hex"), givenProxy()), -1);
  });
}

test("readProxyHeader() given any bytes waits for a bounded number", () => {
  const start = Buffer.from(SIGNATURE, "hex");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, signed) => {
      const given = signed ? Buffer.concat([start, bytes]) : bytes;
      const long = Buffer.concat([given, Buffer.alloc(PROXY_HEADER_BYTES_MAX + 16)]);
      const length = readProxyHeader(long, givenProxy());
      ok(length !== 0 && length <= PROXY_HEADER_BYTES_MAX);
    }),
  );
});

function givenProxy(): AddressBytes {
  const address = new AddressBytes();
  ok(address.parse("10.0.0.1"));
  return address;
}
