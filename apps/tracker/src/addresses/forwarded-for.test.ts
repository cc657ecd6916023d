import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AddressBytes } from "./address-bytes.ts";
import { forwardedFor } from "./forwarded-for.ts";
import { Networks } from "./networks.ts";

const PROXIES = Networks.parse(["10.0.0.0/8", "fd00::/8"]) as Networks;

const rows = [
  { given: "one hop", lines: ["192.0.2.1"], asker: "192.0.2.1" },
  { given: "what a client wrote itself", lines: ["1.1.1.1, 192.0.2.1"], asker: "192.0.2.1" },
  { given: "two proxies", lines: ["192.0.2.1, 10.0.0.2"], asker: "192.0.2.1" },
  { given: "two lines", lines: ["1.1.1.1", " 192.0.2.1 , fd00::1"], asker: "192.0.2.1" },
  { given: "only proxies", lines: ["10.0.0.3,10.0.0.2"], asker: "10.0.0.3" },
  { given: "an IPv6 hop", lines: ["2001:db8::1"], asker: "2001:db8:0:0:0:0:0:1" },
  { given: "ports", lines: ["192.0.2.1:4711, [fd00::1]:80"], asker: "192.0.2.1" },
  { given: "empty elements", lines: ["192.0.2.1,, ,", ""], asker: "192.0.2.1" },
  { given: "nothing", lines: [""], asker: "10.0.0.1" },
  { given: "no address", lines: ["192.0.2.1, unknown"], asker: null },
  { given: "no address behind a proxy", lines: ["_hidden, 10.0.0.2"], asker: null },
];

for (const { given, lines, asker } of rows) {
  test(`forwardedFor() given ${given}`, () => {
    const found = givenProxy();
    equal(forwardedFor(lines, found, PROXIES), asker !== null);
    if (asker !== null) equal(String(found), asker);
  });
}

test("forwardedFor() given any text never believes what stands left of a stranger", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const found = givenProxy();
      ok(forwardedFor([`${text}, 192.0.2.1, 10.0.0.2`], found, PROXIES));
      equal(String(found), "192.0.2.1");
      forwardedFor([text], found, PROXIES);
    }),
  );
});

function givenProxy(): AddressBytes {
  const address = new AddressBytes();
  ok(address.parse("10.0.0.1"));
  return address;
}
