import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type AddressKind, addressKind } from "./address-kind.ts";
import { OutboundRule, type PrivateAddresses } from "./outbound-rule.ts";

const KINDS: Readonly<Record<AddressKind, readonly string[]>> = {
  public: [
    "8.8.8.8",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::",
  ],
  private: [
    "10.0.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "fd00:ec2::254",
    "::ffff:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "2002:a00:1::1",
  ],
  loopback: ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"],
  never: [
    "0.0.0.0",
    "::",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "224.0.0.1",
    "255.255.255.255",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
  ],
};

for (const [kind, hosts] of Object.entries(KINDS)) {
  for (const host of hosts) {
    test(`addressKind() given ${host} is ${kind}`, () => {
      equal(addressKind(host), kind);
    });
  }
}

for (const host of ["", "localhost", "127.1", "0x7f000001", "2130706433", "1.2.3.4.5"]) {
  test(`addressKind() given "${host}" is null`, () => {
    equal(addressKind(host), null);
  });
}

const PUBLIC = "203.0.113.7";

const cases: readonly [PrivateAddresses, string, string][] = [
  ["auto", "127.0.0.1", "public private loopback"],
  ["auto", "::1", "public private loopback"],
  ["auto", "10.1.2.3", "public private"],
  ["auto", PUBLIC, "public"],
  ["auto", "0.0.0.0", "public"],
  ["auto", "gateway.example", "public"],
  ["allowed", PUBLIC, "public private loopback"],
  ["refused", "127.0.0.1", "public"],
];

for (const [setting, ownHost, then] of cases) {
  test(`OutboundRule given ${setting} and a gateway at ${ownHost} allows ${then}`, () => {
    const rule = new OutboundRule(setting, ownHost);
    const allowed = Object.entries(KINDS).filter(([, hosts]) =>
      hosts.every((host) => rule.allows(host)),
    );
    deepEqual(
      allowed.map(([kind]) => kind),
      then.split(" "),
    );
    equal(rule.allows("localhost"), false);
    equal(rule.allows("169.254.169.254"), false);
  });
}
