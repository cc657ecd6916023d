import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressRates } from "./address-rates.ts";

function given(requestsPerWindowMax: number | null): AddressRates {
  return new AddressRates({ requestsPerWindowMax, windowMs: 10_000, seed: 42 });
}

function ipv4(number: number): Uint8Array {
  const address = new Uint8Array(4);
  new DataView(address.buffer).setUint32(0, number);
  return address;
}

test("an address gets as many requests through as the limit, in each window", () => {
  const rates = given(3);
  const taken = (nowMs: number): boolean => rates.take(ipv4(1), 4, nowMs);
  assert.deepEqual([0, 1, 2, 3, 9_999].map(taken), [true, true, true, false, false]);
  assert.deepEqual([10_000, 10_000, 10_000, 10_001].map(taken), [true, true, true, false]);
});

test("others go on while one is over its limit", () => {
  const rates = given(10);
  for (let request = 0; request < 1_000; request += 1) rates.take(ipv4(7), 4, 0);
  assert.equal(rates.take(ipv4(7), 4, 0), false);
  assert.equal(rates.take(ipv4(8), 4, 0), true);
});

test("a hundred thousand addresses that each stay below the limit all get through", () => {
  const rates = given(50);
  for (let round = 0; round < 5; round += 1) {
    for (let address = 0; address < 100_000; address += 1) {
      assert.equal(rates.take(ipv4(0x0a000000 + address), 4, 0), true);
    }
  }
});

test("IPv6 addresses of one /64 share its limit, and the next /64 has its own", () => {
  const rates = given(2);
  const address = (network: number, host: number): Uint8Array => {
    const bytes = new Uint8Array(16).fill(0x20, 0, 4);
    bytes[7] = network;
    bytes[15] = host;
    return bytes;
  };
  const taken = [address(1, 1), address(1, 2), address(1, 3), address(2, 1)].map((from) =>
    rates.take(from, 16, 0),
  );
  assert.deepEqual(taken, [true, true, false, true]);
});

test("without a limit everything gets through, and nothing is kept", () => {
  const rates = given(null);
  for (let request = 0; request < 10_000; request += 1) {
    assert.equal(rates.take(ipv4(1), 4, 0), true);
  }
  assert.equal(rates.bytes, 0);
});

test("this machine itself has no limit", () => {
  const rates = given(1);
  const loopback = Uint8Array.of(127, 0, 0, 9);
  const sixth = new Uint8Array(16);
  sixth[15] = 1;
  const neighbour = new Uint8Array(16);
  neighbour[15] = 2;
  for (let request = 0; request < 10; request += 1) {
    assert.equal(rates.take(loopback, 4, 0), true);
    assert.equal(rates.take(sixth, 16, 0), true);
    assert.equal(rates.take(neighbour, 16, 0), request === 0);
  }
});
