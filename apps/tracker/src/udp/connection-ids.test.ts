import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConnectionIds, connectionIdKey, type SourceAddress } from "./connection-ids.ts";
import { GIVEN_IPV4, GIVEN_IPV6 } from "./testing.ts";

const KEY = connectionIdKey("a secret");
const HERE: SourceAddress = { address: GIVEN_IPV4, addressBytes: 4 };
const IPV6: SourceAddress = { address: GIVEN_IPV6, addressBytes: 16 };
const NOW_MS = 1_800_000_000_000;

function made(ids: ConnectionIds, source: SourceAddress, nowMs: number): Uint8Array {
  const response = new Uint8Array(16);
  ids.writeResponse(source, response, nowMs);
  return response.subarray(8);
}

test("an id is valid for two minutes after it was sent, whenever that was", () => {
  const ids = new ConnectionIds(KEY);
  const addresses = fc.constantFrom(HERE, IPV6);
  const passed = fc.integer({ min: 0, max: 120_000 });
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 42 }), addresses, passed, (sentAtMs, source, passedMs) => {
      const id = made(ids, source, sentAtMs);
      assert.equal(ids.check(source, id, sentAtMs + passedMs), "valid");
    }),
  );
});

test("an id is expired from two and a half minutes on, and worth nothing after two hours", () => {
  const ids = new ConnectionIds(KEY);
  const id = made(ids, HERE, NOW_MS);
  assert.equal(ids.check(HERE, id, NOW_MS + 150_000), "expired");
  assert.equal(ids.check(HERE, id, NOW_MS + 7_200_000), "expired");
  assert.equal(ids.check(HERE, id, NOW_MS + 7_680_000), "forged");
});

test("an id of a replica whose clock is half a minute ahead is valid", () => {
  const ids = new ConnectionIds(KEY);
  const id = made(ids, HERE, NOW_MS + 30_000);
  assert.equal(ids.check(HERE, id, NOW_MS), "valid");
  assert.equal(ids.check(HERE, made(ids, HERE, NOW_MS + 60_000), NOW_MS), "forged");
});

test("an id is good for its address only, and under its key only", () => {
  const ids = new ConnectionIds(KEY);
  const id = made(ids, HERE, NOW_MS);
  const neighbour = { address: Uint8Array.of(192, 0, 2, 2), addressBytes: 4 } as const;
  assert.equal(ids.check(neighbour, id, NOW_MS), "forged");
  assert.equal(ids.check(IPV6, id, NOW_MS), "forged");
  assert.equal(new ConnectionIds(connectionIdKey("b")).check(HERE, id, NOW_MS), "forged");
  assert.equal(new ConnectionIds(connectionIdKey("a secret")).check(HERE, id, NOW_MS), "valid");
});

test("an id with any bit changed is forged", () => {
  const ids = new ConnectionIds(KEY);
  for (const source of [HERE, IPV6]) {
    for (let bit = 0; bit < 64; bit += 1) {
      const id = Uint8Array.from(made(ids, source, NOW_MS));
      id[bit >> 3] = (id[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.equal(ids.check(source, id, NOW_MS), "forged");
    }
  }
});
