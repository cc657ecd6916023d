import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { turn } from "@seedfleet/testkit";
import { ChunkCache } from "./chunk-cache.ts";
import { ChunkMemory } from "./chunk-memory.ts";

const NEVER = new AbortController().signal;
const CHUNK_BYTES = 64 * 1024;

type Reading = PromiseWithResolvers<Uint8Array> & { readonly signal: AbortSignal };

/** Reads that end when a test says so. Those of a source that `obeys` end when they are told to. */
class GivenReads {
  readonly begun: Reading[] = [];
  readonly #obeys: boolean;

  constructor({ obeys }: { readonly obeys: boolean }) {
    this.#obeys = obeys;
  }

  readonly read = (signal: AbortSignal): Promise<Uint8Array> => {
    const reading = { ...Promise.withResolvers<Uint8Array>(), signal };
    if (this.#obeys) signal.addEventListener("abort", () => reading.reject(signal.reason));
    this.begun.push(reading);
    return reading.promise;
  };

  async end(index: number, bytes: Uint8Array): Promise<void> {
    this.begun[index]?.resolve(bytes);
    await turn();
  }
}

function chunk(length: number): Uint8Array {
  return new Uint8Array(length);
}

async function get(cache: ChunkCache, key: string, length: number): Promise<boolean> {
  let wasRead = false;
  await cache.get(key, NEVER, async () => {
    wasRead = true;
    return chunk(length);
  });
  return wasRead;
}

for (const bytesMax of [0, 100]) {
  test(`ChunkCache of ${bytesMax} bytes reads once for all who ask meanwhile`, async () => {
    const cache = new ChunkCache(new ChunkMemory(), bytesMax);
    const reads = new GivenReads({ obeys: true });
    const asked = Array.from({ length: 20 }, () => cache.get("a", NEVER, reads.read));
    const bytes = chunk(10);
    await reads.end(0, bytes);
    for (const each of await Promise.all(asked)) equal(each, bytes);
    equal(reads.begun.length, 1);
    equal(cache.bytes, bytesMax === 0 ? 0 : 10);
    equal(await get(cache, "a", 10), bytesMax === 0);
  });
}

test("ChunkCache forgets the least recently used, and keeps its bound", async () => {
  const cache = new ChunkCache(new ChunkMemory(), 100);
  for (const key of ["a", "b", "c"]) equal(await get(cache, key, 30), true);
  equal(await get(cache, "a", 30), false);
  equal(await get(cache, "d", 30), true);
  equal(cache.bytes, 90);
  deepEqual(
    ["a", "b", "c", "d"].map((key) => cache.has(key)),
    [true, false, true, true],
  );
  await get(cache, "large", 101);
  deepEqual([cache.bytes, cache.has("large")], [90, false]);
  await get(cache, "whole", 100);
  deepEqual([cache.bytes, cache.has("whole"), cache.has("a")], [100, true, false]);
});

test("ChunkCache lets one asker leave alone", async () => {
  const cache = new ChunkCache(new ChunkMemory(), 100);
  const reads = new GivenReads({ obeys: true });
  const leaving = new AbortController();
  const left = cache.get("a", leaving.signal, reads.read);
  const others = [1, 2].map(() => cache.get("a", NEVER, reads.read));
  leaving.abort(new Error("gone"));
  await rejects(left, { message: "gone" });
  equal(reads.begun[0]?.signal.aborted, false);
  await reads.end(0, chunk(5));
  deepEqual(await Promise.all(others), [chunk(5), chunk(5)]);
});

test("ChunkCache ends the read when the last asker leaves, and the next begins anew", async () => {
  const cache = new ChunkCache(new ChunkMemory(), 100);
  const reads = new GivenReads({ obeys: true });
  const leaving = new AbortController();
  const asked = [1, 2].map(() => cache.get("a", leaving.signal, reads.read));
  leaving.abort(new Error("gone"));
  for (const each of asked) await rejects(each, { message: "gone" });
  equal(reads.begun[0]?.signal.aborted, true);
  await turn();
  const next = cache.get("a", NEVER, reads.read);
  await reads.end(1, chunk(5));
  deepEqual(await next, chunk(5));
});

test("ChunkCache begins anew for who came while a read was given up", async () => {
  const cache = new ChunkCache(new ChunkMemory(), 100);
  const reads = new GivenReads({ obeys: false });
  const leaving = new AbortController();
  const left = cache.get("a", leaving.signal, reads.read);
  leaving.abort(new Error("gone"));
  await rejects(left, { message: "gone" });
  const next = cache.get("a", NEVER, reads.read);
  reads.begun[0]?.reject(new Error("given up"));
  await turn();
  await reads.end(1, chunk(5));
  deepEqual(await next, chunk(5));
});

test("ChunkCache takes what comes of a read that could not be ended", async () => {
  const cache = new ChunkCache(new ChunkMemory(), 100);
  const reads = new GivenReads({ obeys: false });
  const leaving = new AbortController();
  const left = cache.get("a", leaving.signal, reads.read);
  leaving.abort(new Error("gone"));
  await rejects(left, { message: "gone" });
  const next = cache.get("a", NEVER, reads.read);
  await reads.end(0, chunk(5));
  deepEqual(await next, chunk(5));
  equal(await get(cache, "a", 5), false);
  equal(reads.begun.length, 1);
});

test("ChunkCache refuses who has left before asking", async () => {
  const cache = new ChunkCache(new ChunkMemory(), 100);
  const reads = new GivenReads({ obeys: true });
  const gone = AbortSignal.abort(new Error("gone"));
  await rejects(cache.get("a", gone, reads.read), { message: "gone" });
  equal(reads.begun.length, 0);
});

test("ChunkCache keeps nothing of a failure", async () => {
  const cache = new ChunkCache(new ChunkMemory(), 100);
  const fail = (): Promise<never> => Promise.reject(new Error("no disk"));
  await rejects(cache.get("a", NEVER, fail), { message: "no disk" });
  equal(cache.has("a"), false);
  equal(await get(cache, "a", 5), true);
});

test("ChunkCache forgets what is kept and what is on its way", async () => {
  const cache = new ChunkCache(new ChunkMemory(), 100);
  const reads = new GivenReads({ obeys: true });
  await get(cache, "a 1", 10);
  await get(cache, "b 1", 10);
  const onItsWay = cache.get("a 2", NEVER, reads.read);
  cache.forget((key) => key.startsWith("a "));
  deepEqual(
    ["a 1", "a 2", "b 1"].map((key) => cache.has(key)),
    [false, false, true],
  );
  const anew = cache.get("a 2", NEVER, reads.read);
  await reads.end(0, chunk(5));
  deepEqual(await onItsWay, chunk(5));
  deepEqual([cache.bytes, reads.begun.length], [10, 2]);
  await reads.end(1, chunk(6));
  deepEqual([await anew, cache.bytes], [chunk(6), 16]);
});

test("get() holds memory for each who asks, and lets it go when it is evicted", async () => {
  const memory = new ChunkMemory();
  const cache = new ChunkCache(memory, CHUNK_BYTES);
  const reads = new GivenReads({ obeys: true });
  const askers = [0, 1].map(() => cache.get("a", NEVER, reads.read));
  const bytes = memory.take(CHUNK_BYTES);
  await reads.end(0, bytes);
  const [first, second] = await Promise.all(askers);
  ok(first !== undefined && second !== undefined);
  memory.release(first);
  memory.release(second);
  // The cache still has it.
  notEqual(memory.take(CHUNK_BYTES).buffer, bytes.buffer);
  memory.release(await cache.get("b", NEVER, async () => memory.take(CHUNK_BYTES)));
  equal(memory.take(CHUNK_BYTES).buffer, bytes.buffer);
});

test("get() given up by all lets the memory go that comes though", async () => {
  const memory = new ChunkMemory();
  const cache = new ChunkCache(memory, 0);
  const reads = new GivenReads({ obeys: false });
  const asker = new AbortController();
  const asked = cache.get("a", asker.signal, reads.read);
  asker.abort();
  await rejects(asked, { name: "AbortError" });
  const bytes = memory.take(CHUNK_BYTES);
  await reads.end(0, bytes);
  equal(memory.take(CHUNK_BYTES).buffer, bytes.buffer);
});

test("get() keeps memory of the one who still waits when another lets go", async () => {
  const memory = new ChunkMemory();
  const cache = new ChunkCache(memory, 0);
  const reads = new GivenReads({ obeys: true });
  const askers = [0, 1].map(() => cache.get("a", NEVER, reads.read));
  const bytes = memory.take(CHUNK_BYTES);
  await reads.end(0, bytes);
  const [first, second] = await Promise.all(askers);
  ok(first !== undefined && second !== undefined);
  memory.release(first);
  notEqual(memory.take(CHUNK_BYTES).buffer, bytes.buffer);
  memory.release(second);
  equal(memory.take(CHUNK_BYTES).buffer, bytes.buffer);
});
