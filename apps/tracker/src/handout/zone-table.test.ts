import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { ipAddressBytes, parseIpAddress } from "@seedfleet/bytes";
import fc from "fast-check";
import { givenEndpoint } from "../testing.ts";
import { parseZoneTable } from "./parse-zone-table.ts";
import { bytesOf } from "./testing.ts";
import { ZONE_UNKNOWN, ZoneTable } from "./zone-table.ts";

const TABLE = parseZoneTable(`
# networks of the house
10.0.0.0/8       outer
10.1.0.0/16      inner   # within
10.1.2.3         one
10.255.0.0/16,edge
192.0.2.0/25\tlow
192.0.2.128/25   high
255.255.255.255/32 last
2001:db8::/32    six
2001:db8:1::/48  inner
2001:db8:1::5/128 one
::ffff:198.51.100.0/120 mapped
`);

const cases = [
  ["10.0.0.0", "outer"],
  ["10.0.255.255", "outer"],
  ["10.1.0.0", "inner"],
  ["10.1.2.2", "inner"],
  ["10.1.2.3", "one"],
  ["10.1.2.4", "inner"],
  ["10.2.0.0", "outer"],
  ["10.254.255.255", "outer"],
  ["10.255.255.255", "edge"],
  ["11.0.0.0", null],
  ["9.255.255.255", null],
  ["0.0.0.0", null],
  ["192.0.2.127", "low"],
  ["192.0.2.128", "high"],
  ["192.0.3.0", null],
  ["255.255.255.254", null],
  ["255.255.255.255", "last"],
  ["2001:db8::1", "six"],
  ["2001:db8:1::4", "inner"],
  ["2001:db8:1::5", "one"],
  ["2001:db8:1::6", "inner"],
  ["2001:db8:2::", "six"],
  ["2001:db9::", null],
  ["::", null],
  ["ffff::ffff", null],
  ["198.51.100.7", "mapped"],
] as const;

for (const [host, zone] of cases) {
  test(`ZoneTable given ${host} gives ${zone}`, () => {
    equal(zoneOf(TABLE, host), TABLE.zoneNamed(zone));
    if (zone !== null) equal(zoneOf(TABLE, host) === ZONE_UNKNOWN, false);
  });
}

test("ZoneTable.empty knows nobody", () => {
  deepEqual([zoneOf(ZoneTable.empty, "10.0.0.1"), zoneOf(ZoneTable.empty, "::1")], [0, 0]);
  equal(ZoneTable.empty.zoneNamed("eu"), ZONE_UNKNOWN);
});

test("ZoneTable given every address there is in one zone", () => {
  const all = parseZoneTable("0.0.0.0/0 world\n::/0 world");
  deepEqual([zoneOf(all, "255.255.255.255"), zoneOf(all, "::")], [1, 1]);
});

/** Addresses of few distinct bytes, so that many lie within each other and beside bounds. */
const fewBytes = fc.constantFrom(0, 1, 127, 128, 255);
const familyBytes = fc.constantFrom(4, 16);

test("ZoneTable gives the longest prefix, as a walk over all rows does", () => {
  const family = familyBytes.chain((length) => {
    const address = fc.array(fewBytes, { minLength: length, maxLength: length });
    const row = fc.tuple(address, fc.nat({ max: length * 8 }), fc.constantFrom("a", "b", "c"));
    return fc.record({ rows: fc.array(row, { maxLength: 40 }), asked: fc.array(address) });
  });
  fc.assert(
    fc.property(family, ({ rows, asked }) => {
      const distinct = new Map(
        rows.map(([address, prefix, zone]) => {
          const network = bitsOf(address).slice(0, prefix);
          return [network, { text: `${cidr(network, address.length)} ${zone}`, zone }];
        }),
      );
      // `::ffff:0:0/96` is IPv4, and its text that of the other family.
      const kept = [...distinct].filter(([, { text }]) => !/^0:0:0:0:0:ffff/.test(text));
      const table = parseZoneTable(kept.map(([, { text }]) => text).join("\n"));
      for (const address of asked) {
        const bits = bitsOf(address);
        const [longest] = kept
          .filter(([network]) => bits.startsWith(network))
          .toSorted(([a], [b]) => b.length - a.length);
        const endpoint = Uint8Array.from([...address, 0, 1]);
        const found = table.zoneOf(endpoint, 0, endpoint.length as 6 | 18);
        equal(found, table.zoneNamed(longest?.[1].zone ?? null));
      }
    }),
  );
});

function zoneOf(table: ZoneTable, host: string): number {
  // Behind other bytes, as a row of a sample is.
  const endpoint = bytesOf(givenEndpoint(host, 6_881));
  return table.zoneOf(Uint8Array.from([1, 2, 3, ...endpoint]), 3, endpoint.length as 6 | 18);
}

function bitsOf(address: readonly number[]): string {
  return address.map((byte) => byte.toString(2).padStart(8, "0")).join("");
}

function cidr(network: string, length: number): string {
  const bytes = (network.padEnd(length * 8, "0").match(/.{8}/g) ?? []).map((byte) =>
    Number.parseInt(byte, 2),
  );
  const groups = (): string[] =>
    Array.from({ length: 8 }, (_, group) =>
      (((bytes[group * 2] ?? 0) << 8) | (bytes[group * 2 + 1] ?? 0)).toString(16),
    );
  const text = length === 4 ? bytes.join(".") : groups().join(":");
  const address = parseIpAddress(text);
  if (address !== null) equal(ipAddressBytes(address).length === length || length === 16, true);
  return `${text}/${network.length}`;
}
