/** So that pieces whose lengths differ a little, as the last one's does, share their memory. */
const SLOT_STEP_BYTES = 64 * 1024;

/** The same of what is shorter than that, which would be mostly unused in a slot as long. */
const SMALL_STEP_BYTES = 4 * 1024;

/** What is taken may leave so much of its slot unused, or a short read would keep a long one. */
const SLOT_USE_MIN = 0.5;

/**
 * Where in its slot memory begins. The C library puts large memory 16 bytes behind the start of a
 * page; to the start of a cache line the system copies what it gives in three quarters of the time.
 */
const SLOT_OFFSET_BYTES = 48;

/**
 * Memory that is used again. Fresh memory of a megabyte costs several times what it takes to fill
 * it: the system maps and clears it page by page, and the engine, which sees megabytes come, looks
 * for garbage in everything it has.
 *
 * Giving back is a favour: what is never given back is the garbage collector's, and the pool only
 * makes anew. But what is given back must not be read or written any more.
 */
export class MemoryPool {
  readonly #freeBytesMax: number;
  readonly #shared: boolean;
  /** The last given is the first taken: it may still be in the processor's cache. */
  readonly #free: Uint8Array[] = [];
  /** The slot of what is out, by its memory. */
  readonly #taken = new WeakMap<ArrayBufferLike, Uint8Array>();
  #freeBytes = 0;
  /** The least that was free since the last `trim()`: so much nobody needed. */
  #unusedBytes = 0;

  /**
   * `shared`: memory that other threads may be given to see. The engine does not count it, so it
   * never looks for garbage because of it, nor soon finds what is not given back.
   */
  constructor({
    freeBytesMax,
    shared = false,
  }: {
    readonly freeBytesMax: number;
    readonly shared?: boolean;
  }) {
    this.#freeBytesMax = freeBytesMax;
    this.#shared = shared;
  }

  /** Memory that waits to be taken. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** So many bytes, whatever is in them, that nobody else has. */
  take(lengthBytes: number): Buffer {
    const slot = this.#takeFree(lengthBytes) ?? newSlot(lengthBytes, this.#shared);
    this.#taken.set(slot.buffer, slot);
    return Buffer.from(slot.buffer, slot.byteOffset, lengthBytes);
  }

  /** What `take` gave, or any view of it. Foreign memory, and what was given before, is ignored. */
  give(memory: Uint8Array): void {
    const slot = this.#taken.get(memory.buffer);
    if (slot === undefined) return;
    this.#taken.delete(memory.buffer);
    if (this.#freeBytes + slot.length > this.#freeBytesMax) return;
    this.#free.push(slot);
    this.#freeBytes += slot.length;
  }

  /** Leaves all that waits to be taken to the garbage collector. */
  clear(): void {
    this.#free.length = 0;
    this.#freeBytes = 0;
    this.#unusedBytes = 0;
  }

  /** Leaves to the garbage collector what was free all the time since this was last asked for. */
  trim(): void {
    // Taken is what was given last, so what was not needed lies at the begin.
    for (let slot = this.#free[0]; slot !== undefined; slot = this.#free[0]) {
      if (slot.length > this.#unusedBytes) break;
      this.#unusedBytes -= slot.length;
      this.#freeBytes -= slot.length;
      this.#free.shift();
    }
    this.#unusedBytes = this.#freeBytes;
  }

  #takeFree(lengthBytes: number): Uint8Array | null {
    const slotBytes = slotBytesFor(lengthBytes);
    const at = this.#free.findLastIndex(
      ({ length }) => slotBytes <= length && slotBytes >= length * SLOT_USE_MIN,
    );
    const [slot] = at === -1 ? [] : this.#free.splice(at, 1);
    if (slot === undefined) return null;
    this.#freeBytes -= slot.length;
    this.#unusedBytes = Math.min(this.#unusedBytes, this.#freeBytes);
    return slot;
  }
}

function slotBytesFor(lengthBytes: number): number {
  const stepBytes = lengthBytes < SLOT_STEP_BYTES ? SMALL_STEP_BYTES : SLOT_STEP_BYTES;
  return Math.max(1, Math.ceil(lengthBytes / stepBytes)) * stepBytes;
}

function newSlot(lengthBytes: number, shared: boolean): Uint8Array {
  const slotBytes = slotBytesFor(lengthBytes);
  const memoryBytes = SLOT_OFFSET_BYTES + slotBytes;
  const buffer = shared
    ? new SharedArrayBuffer(memoryBytes)
    : Buffer.allocUnsafeSlow(memoryBytes).buffer;
  return new Uint8Array(buffer, SLOT_OFFSET_BYTES, slotBytes);
}
