import { deepEqual, equal, rejects } from "node:assert/strict";
import type { LookupAddress, LookupOptions } from "node:dns";
import { test } from "node:test";
import {
  ADDRESS_NOT_ALLOWED,
  allowedAddresses,
  allowedLookup,
  mayConnect,
  type ResolveName,
} from "./allowed-lookup.ts";
import { OutboundRule } from "./outbound-rule.ts";

const rule = new OutboundRule("refused", "203.0.113.7");
const V4 = { address: "8.8.8.8", family: 4 };
const V6 = { address: "2001:4860:4860::8888", family: 6 };
const LOOPBACK = { address: "127.0.0.1", family: 4 };

test("allowedLookup() leaves out the addresses that are not gone to", async () => {
  const found = [LOOPBACK, V6, V4];
  deepEqual(await looked(found, { all: true }), [V6, V4]);
  deepEqual(await looked(found, { all: true, family: 4 }), [V4]);
  deepEqual(await looked(found, { all: true, family: "IPv6" }), [V6]);
  deepEqual(await looked(found, {}), V6.address);
});

test("allowedLookup() fails where no address is left, and where the name is unknown", async () => {
  await rejects(looked([LOOPBACK], { all: true }), { code: ADDRESS_NOT_ALLOWED });
  await rejects(looked(null, { all: true }), { code: "ENOTFOUND" });
});

test("allowedAddresses() judges addresses as they are, and names by where they lead", async () => {
  deepEqual(await allowedAddresses(rule, V4.address), [V4]);
  deepEqual(await allowedAddresses(rule, "a.example", resolving([LOOPBACK, V4])), [V4]);
  await rejects(allowedAddresses(rule, "::1"), { code: ADDRESS_NOT_ALLOWED });
  await rejects(allowedAddresses(rule, "a.example", resolving(null)), { code: "ENOTFOUND" });
});

test("mayConnect() refuses addresses, and leaves names to the lookup", () => {
  equal(mayConnect(rule, "127.0.0.1"), false);
  equal(mayConnect(rule, "[::1]"), false);
  equal(mayConnect(rule, "[2001:4860:4860::8888]"), true);
  equal(mayConnect(rule, "localhost"), true);
});

function resolving(addresses: readonly LookupAddress[] | null): ResolveName {
  return (_host, done) => {
    if (addresses !== null) return done(null, addresses);
    done(Object.assign(new Error("not found"), { code: "ENOTFOUND" }), []);
  };
}

function looked(
  addresses: readonly LookupAddress[] | null,
  options: LookupOptions,
): Promise<string | LookupAddress[]> {
  return new Promise((resolve, reject) => {
    allowedLookup(rule, resolving(addresses))("a.example", options, (error, address) => {
      if (error === null) resolve(address);
      else reject(error);
    });
  });
}
