import { equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import { ChunkMemory } from "./chunk-memory.ts";

const CHUNK_BYTES = 64 * 1024;

test("release() gives memory back when the last who holds it is done", () => {
  const memory = new ChunkMemory();
  const chunk = memory.take(CHUNK_BYTES);
  memory.hold(chunk);
  memory.release(chunk);
  notEqual(memory.take(CHUNK_BYTES).buffer, chunk.buffer);
  memory.release(chunk.subarray(5));
  equal(memory.take(CHUNK_BYTES).buffer, chunk.buffer);
});

test("release() given once too often leaves memory to whom it belongs by then", () => {
  const memory = new ChunkMemory();
  const chunk = memory.take(CHUNK_BYTES);
  memory.release(chunk);
  memory.release(chunk);
  equal(memory.take(CHUNK_BYTES).buffer, chunk.buffer);
  notEqual(memory.take(CHUNK_BYTES).buffer, chunk.buffer);
});

test("hold() and release() ignore memory that is not theirs", () => {
  const memory = new ChunkMemory();
  const foreign = new Uint8Array(CHUNK_BYTES);
  memory.hold(foreign);
  memory.release(foreign);
  notEqual(memory.take(CHUNK_BYTES).buffer, foreign.buffer);
});
