import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { plausible } from "./hearsay.ts";

const NEARBY = ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.20.0.1", "169.254.169.254"];
const NEARBY_IPV6 = ["::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "ff02::1"];
const NOWHERE = ["0.0.0.0", "224.0.0.1", "255.255.255.255"];
const FAR = ["8.8.8.8", "172.15.0.1", "2001:db8::1"];

test("plausible() given a peer of the internet leaves out what is behind our firewall", () => {
  const told = [...NEARBY, ...NEARBY_IPV6, ...NOWHERE, ...FAR].map(addressOf);
  deepEqual(plausible(told, "1.2.3.4"), FAR.map(addressOf));
  deepEqual(plausible(told, "2001:db8::2"), FAR.map(addressOf));
});

test("plausible() given a peer nearby takes whatever it knows", () => {
  const told = [...NEARBY, ...FAR].map(addressOf);
  for (const host of ["127.0.0.1", "192.168.0.7", "fe80::2"])
    deepEqual(plausible(told, host), told);
});

function addressOf(host: string): { readonly host: string; readonly port: number } {
  return { host, port: 6881 };
}
