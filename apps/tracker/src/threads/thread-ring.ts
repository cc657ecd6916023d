import assert from "node:assert/strict";

/** Batches on their way from one thread to another: some 300 announces, or as many answers. */
export const RING_BYTES = 65_536;

const HEAD_BYTES = 64;
const WRITTEN = 0;
const READ = 1;
const LOOKS = 2;
const TAKES = 3;
const ANSWERED = 4;

/** Batches begin at multiples of it, so that they are copied in words. */
const ALIGNMENT = 8;
const LENGTH_BYTES = 8;

/** The memory of a ring, to be given to both threads. */
export function ringMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEAD_BYTES + RING_BYTES);
}

/**
 * One way from one thread to another, by memory that both have. One of them writes and the other
 * reads; neither waits. Positions count on for ever, in 32 bits.
 */
export class ThreadRing {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #lengths: Uint32Array;

  constructor(memory: SharedArrayBuffer) {
    assert(memory.byteLength === HEAD_BYTES + RING_BYTES);
    this.#words = new Int32Array(memory, 0, HEAD_BYTES / 4);
    this.#bytes = new Uint8Array(memory, HEAD_BYTES);
    this.#lengths = new Uint32Array(memory, HEAD_BYTES);
  }

  /** Puts in the first `length` bytes; false if there is no room for them, and nothing is in. */
  write(batch: Uint8Array, length: number): boolean {
    const written = Atomics.load(this.#words, WRITTEN);
    const held = (written - Atomics.load(this.#words, READ)) >>> 0;
    const needed = LENGTH_BYTES + padded(length);
    if (held + needed > RING_BYTES) return false;
    const at = written & (RING_BYTES - 1);
    this.#lengths[at / 4] = length;
    this.#put(batch, length, (at + LENGTH_BYTES) & (RING_BYTES - 1));
    Atomics.store(this.#words, WRITTEN, (written + needed) | 0);
    return true;
  }

  /** Copies the next batch into `into`, of `RING_BYTES`; its length, or 0 if there is none. */
  read(into: Uint8Array): number {
    const read = Atomics.load(this.#words, READ);
    if (Atomics.load(this.#words, WRITTEN) === read) return 0;
    const at = read & (RING_BYTES - 1);
    const length = this.#lengths[at / 4] ?? 0;
    this.#get(into, length, (at + LENGTH_BYTES) & (RING_BYTES - 1));
    Atomics.store(this.#words, READ, (read + LENGTH_BYTES + padded(length)) | 0);
    return length;
  }

  /** The reader says whether it is about to look by itself; gives what was said before. */
  setLooks(looks: boolean): boolean {
    return Atomics.exchange(this.#words, LOOKS, looks ? 1 : 0) === 1;
  }

  /** The reader takes connections too. */
  setTakes(): void {
    Atomics.store(this.#words, TAKES, 1);
  }

  get takes(): boolean {
    return Atomics.load(this.#words, TAKES) === 1;
  }

  /** The reader has answered so many connections more. */
  addAnswered(connections: number): void {
    Atomics.add(this.#words, ANSWERED, connections);
    Atomics.notify(this.#words, ANSWERED);
  }

  /** How many of `connections` that were ever written are not answered yet. */
  unanswered(connections: number): number {
    return (connections - Atomics.load(this.#words, ANSWERED)) >>> 0;
  }

  /** Resolves when all of `connections` are answered, if no more are written. */
  async settled(connections: number): Promise<void> {
    for (;;) {
      const answered = Atomics.load(this.#words, ANSWERED);
      if ((connections | 0) === answered) return;
      await Atomics.waitAsync(this.#words, ANSWERED, answered).value;
    }
  }

  #put(batch: Uint8Array, length: number, at: number): void {
    const first = Math.min(length, RING_BYTES - at);
    this.#bytes.set(batch.subarray(0, first), at);
    if (first < length) this.#bytes.set(batch.subarray(first, length), 0);
  }

  #get(into: Uint8Array, length: number, at: number): void {
    const first = Math.min(length, RING_BYTES - at);
    into.set(this.#bytes.subarray(at, at + first));
    if (first < length) into.set(this.#bytes.subarray(0, length - first), first);
  }
}

function padded(length: number): number {
  return (length + ALIGNMENT - 1) & -ALIGNMENT;
}
