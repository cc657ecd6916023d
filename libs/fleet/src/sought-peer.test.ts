import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { SoughtPeer } from "@seedfleet/contracts";
import { parseSoughtPeer } from "./sought-peer.ts";

const ID = "2d7142343635302d".padEnd(40, "0");

const cases: readonly { readonly given: string; readonly then: SoughtPeer | null }[] = [
  { given: "192.0.2.1", then: address("192.0.2.1", null) },
  { given: "192.0.2.1:6881", then: address("192.0.2.1", 6_881) },
  { given: "2001:DB8::1", then: address("2001:db8:0:0:0:0:0:1", null) },
  { given: "[2001:db8::1]:6881", then: address("2001:db8:0:0:0:0:0:1", 6_881) },
  { given: "[2001:db8::1]", then: address("2001:db8:0:0:0:0:0:1", null) },
  { given: "::ffff:192.0.2.1", then: address("192.0.2.1", null) },
  { given: "192.0.2.1:0", then: null },
  { given: "192.0.2.1:65536", then: null },
  { given: ID.toUpperCase(), then: { kind: "peer-id", prefix: ID } },
  { given: "-qB4650-", then: { kind: "peer-id", prefix: "2d7142343635302d" } },
  { given: "M7-9-2--", then: { kind: "peer-id", prefix: "4d372d392d322d2d" } },
  { given: "", then: null },
  { given: "two words", then: null },
  { given: "\x1b[2J", then: null },
  { given: "ü", then: null },
  { given: "a".repeat(21), then: null },
];

for (const { given, then } of cases) {
  test(`parseSoughtPeer() given ${JSON.stringify(given)}`, () => {
    deepEqual(parseSoughtPeer(given), then);
  });
}

function address(host: string, port: number | null): SoughtPeer {
  return { kind: "address", host, port };
}
