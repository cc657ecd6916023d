import { doesNotThrow, throws } from "node:assert/strict";
import { test } from "node:test";
import { parseZoneTable, ZONE_ROWS_MAX, ZONES_MAX } from "./parse-zone-table.ts";

const refused = [
  { given: "no zone", row: "10.0.0.0/8", says: /a zone is 1 to 32/ },
  { given: "a zone of other letters", row: "10.0.0.0/8 EU", says: /a zone is 1 to 32/ },
  { given: "a third column", row: "10.0.0.0/8 eu west", says: /a row is a CIDR and a zone/ },
  { given: "no address", row: "berlin eu", says: /"berlin" is not an address/ },
  { given: "a host name", row: "a.example/8 eu", says: /is not an address/ },
  { given: "two prefix lengths", row: "10.0.0.0/8/8 eu", says: /is not an address/ },
  { given: "an interface", row: "fe80::%eth0/10 eu", says: /is not an address/ },
  { given: "too long a prefix", row: "10.0.0.0/33 eu", says: /from 0 to 32/ },
  { given: "too long a prefix of IPv6", row: "::/129 eu", says: /from 0 to 128/ },
  { given: "no prefix length", row: "10.0.0.0/ eu", says: /from 0 to 32/ },
  { given: "a negative prefix length", row: "10.0.0.0/-1 eu", says: /from 0 to 32/ },
  { given: "a prefix that reaches out of IPv4", row: "::ffff:0:0/95 eu", says: /from 96 to 128/ },
  { given: "an address within its network", row: "10.0.0.1/8 eu", says: /bits set beyond/ },
  { given: "bytes", row: "\0\x01\x02", says: /line 3 of the zones, "\\u0000/ },
] as const;

for (const { given, row, says } of refused) {
  test(`parseZoneTable() given ${given} names the line`, () => {
    throws(
      () => parseZoneTable(`# zones\n192.0.2.0/24 eu\n${row}\n`),
      (error: unknown) => {
        throws(
          () => {
            throw error;
          },
          { message: says, detail: { code: "zone-row-invalid", line: 3 } },
        );
        return true;
      },
    );
  });
}

test("parseZoneTable() given a prefix twice names both lines", () => {
  const twice = "10.0.0.0/8 eu\n\n::ffff:10.0.0.0/104 us";
  throws(() => parseZoneTable(twice), /Cannot read line 3 .*: line 1 has the same prefix/);
});

test("parseZoneTable() takes lines that end as elsewhere, and the empty text", () => {
  doesNotThrow(() => parseZoneTable("10.0.0.0/8 eu\r\n11.0.0.0/8,us\r\n"));
  doesNotThrow(() => parseZoneTable(""));
});

test("parseZoneTable() takes as many rows as it may, and no more", () => {
  const rows = Array.from({ length: ZONE_ROWS_MAX }, (_, n) => `${addressOf(n)}/32 eu`);
  doesNotThrow(() => parseZoneTable(rows.join("\n")));
  rows.push("::/0 eu");
  throws(() => parseZoneTable(rows.join("\n")), /there are more than 100000 rows/);
});

test("parseZoneTable() takes as many zones as it may, and no more", () => {
  const rows = Array.from({ length: ZONES_MAX }, (_, n) => `${addressOf(n)} zone-${n}`);
  doesNotThrow(() => parseZoneTable(rows.join("\n")));
  rows.push("::/0 more");
  throws(() => parseZoneTable(rows.join("\n")), /there are more than 4096 zones/);
});

function addressOf(n: number): string {
  return `10.${n >>> 16}.${(n >>> 8) & 255}.${n & 255}`;
}
