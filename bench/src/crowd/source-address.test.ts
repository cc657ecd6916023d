import { equal, ok } from "node:assert/strict";
import { isIPv4 } from "node:net";
import { test } from "node:test";
import { sourceAddress } from "./source-address.ts";

test("sourceAddress() gives an address to two hundred peers each, all within loopback", () => {
  const peers = new Map<string, number>();
  for (let serial = 0; serial < 100_000; serial += 1) {
    const address = sourceAddress(serial);
    peers.set(address, (peers.get(address) ?? 0) + 1);
  }
  equal(peers.size, 500);
  ok(peers.values().every((count) => count === 200));
  ok(peers.keys().every((address) => isIPv4(address) && address.startsWith("127.1.")));
});
