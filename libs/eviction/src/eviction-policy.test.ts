import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type EvictionLimits,
  type EvictionPolicy,
  makeRoom,
  REFUSALS_MAX,
} from "./eviction-policy.ts";
import { LruPolicy } from "./lru-policy.ts";
import { S3FifoPolicy } from "./s3-fifo-policy.ts";
import { SievePolicy } from "./sieve-policy.ts";
import { visit, visitorMark } from "./visitors.ts";

const BYTES_MAX = 1_000;
const SLOTS_MAX = 12;

type Start = (limits: EvictionLimits) => EvictionPolicy;

const policies: readonly { readonly name: string; readonly start: Start }[] = [
  { name: "S3FifoPolicy", start: (limits) => new S3FifoPolicy(limits) },
  { name: "SievePolicy", start: (limits) => new SievePolicy(limits) },
  { name: "LruPolicy", start: (limits) => new LruPolicy(limits) },
];

const slot = fc.nat(SLOTS_MAX - 1);
const step = fc.oneof(
  fc.record({
    kind: fc.constant("bring" as const),
    key: fc.nat(30),
    // Short ones run out of slots first, long ones out of bytes.
    bytes: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 400 })),
  }),
  fc.record({ kind: fc.constant("visit" as const), slot, peer: fc.nat(9) }),
  fc.record({ kind: fc.constant("remove" as const), slot }),
  fc.record({ kind: fc.constant("pin" as const), slot }),
  fc.record({ kind: fc.constant("unpin" as const), slot }),
);

/** A cache as simple as can be, which notices when its policy names a slot that is not filled. */
class PlainCache {
  readonly held = new Map<number, number>();
  readonly pinned = new Set<number>();
  readonly visited = new Uint8Array(SLOTS_MAX);
  readonly policy: EvictionPolicy;

  constructor(start: Start) {
    this.policy = start({ bytesMax: BYTES_MAX, slotsMax: SLOTS_MAX, visited: this.visited });
  }

  get byteLength(): number {
    return [...this.held.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  bring(key: number, bytes: number): void {
    const room = makeRoom(this.policy, bytes, (victim) => {
      ok(this.held.has(victim), `slot ${victim} is not filled`);
      return !this.pinned.has(victim) && this.held.delete(victim);
    });
    if (!room) return this.#expectPinned(bytes);
    const free = Array.from({ length: SLOTS_MAX }, (_, each) => each);
    const empty = free.find((each) => !this.held.has(each));
    ok(empty !== undefined, "there is a slot");
    this.policy.insert(empty, { key, bytes });
    this.held.set(empty, bytes);
  }

  /** Room is refused only where all that is left cannot go. */
  #expectPinned(bytes: number): void {
    for (const each of this.held.keys()) ok(this.pinned.has(each), `slot ${each} could go`);
    ok(this.byteLength + bytes > BYTES_MAX || this.held.size === SLOTS_MAX);
  }
}

for (const { name, start } of policies) {
  test(`${name} keeps its budgets and names filled slots only, whatever happens`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const cache = new PlainCache(start);
        const { policy, held, pinned, visited } = cache;
        for (const each of steps) {
          if (each.kind === "bring") cache.bring(each.key, each.bytes);
          else if (each.kind === "visit") visit(visited, each.slot, visitorMark(each.peer));
          else if (each.kind === "pin") pinned.add(each.slot);
          else if (each.kind === "unpin") pinned.delete(each.slot);
          else {
            policy.remove(each.slot);
            held.delete(each.slot);
          }
          equal(policy.length, held.size);
          equal(policy.byteLength, cache.byteLength);
          ok(policy.byteLength <= BYTES_MAX);
        }
      }),
    );
  });

  test(`${name} gives every slot once when it is emptied, and then null`, () => {
    const cache = new PlainCache(start);
    for (let key = 0; key < SLOTS_MAX; key += 1) cache.bring(key, 10);
    const victims = Array.from({ length: SLOTS_MAX }, () => cache.policy.victim(() => true));
    deepEqual(
      victims.toSorted((a, b) => (a ?? -1) - (b ?? -1)),
      Array.from({ length: SLOTS_MAX }, (_, each) => each),
    );
    equal(
      cache.policy.victim(() => true),
      null,
    );
  });

  test(`${name} gives up after ${REFUSALS_MAX} refusals`, () => {
    const slotsMax = 2 * REFUSALS_MAX;
    const visited = new Uint8Array(slotsMax);
    const policy = start({ bytesMax: slotsMax, slotsMax, visited });
    for (let each = 0; each < slotsMax; each += 1) policy.insert(each, { key: each, bytes: 1 });
    let asked = 0;
    const refuse = (): boolean => {
      asked += 1;
      return false;
    };
    equal(policy.victim(refuse), null);
    equal(asked, REFUSALS_MAX);
    equal(makeRoom(policy, 1, refuse), false);
    equal(policy.length, slotsMax);
  });

  test(`${name} ends even if visitors never do`, () => {
    const cache = new PlainCache(start);
    for (let key = 0; key < SLOTS_MAX; key += 1) cache.bring(key, 10);
    const victim = cache.policy.victim(() => {
      for (let each = 0; each < SLOTS_MAX; each += 1) cache.visited[each] = 0xff;
      return false;
    });
    equal(victim, null);
  });
}

test("makeRoom() pushes nothing out for a piece larger than the cache", () => {
  const cache = new PlainCache((limits) => new S3FifoPolicy(limits));
  cache.bring(1, 10);
  equal(
    makeRoom(cache.policy, BYTES_MAX + 1, () => true),
    false,
  );
  equal(cache.policy.length, 1);
});

test("makeRoom() makes a slot free where bytes are left, but no slots", () => {
  const cache = new PlainCache((limits) => new S3FifoPolicy(limits));
  for (let key = 0; key < 3 * SLOTS_MAX; key += 1) cache.bring(key, 1);
  equal(cache.policy.length, SLOTS_MAX);
  equal(cache.policy.byteLength, SLOTS_MAX);
});
