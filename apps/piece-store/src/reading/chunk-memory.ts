import { MemoryPool } from "@seedfleet/bytes";

/** As much as askers commonly give back between two reads; the cache's own is not free. */
export const CHUNK_MEMORY_FREE_BYTES_MAX: number = 64 * 1024 * 1024;

/**
 * The memory of chunks, used again when nobody holds it. It is held once when it is taken; whoever
 * passes a chunk on holds it once more, and its next owner releases it when done.
 *
 * A hold that is never released costs no more than that: the memory becomes garbage like any other.
 */
export class ChunkMemory {
  readonly #pool: MemoryPool;
  /** How often memory is held; of memory that is not ours, nothing. */
  readonly #holds = new WeakMap<ArrayBufferLike, number>();

  /** `shared`: memory that other threads may be given to see. */
  constructor({ shared = false }: { readonly shared?: boolean } = {}) {
    this.#pool = new MemoryPool({ freeBytesMax: CHUNK_MEMORY_FREE_BYTES_MAX, shared });
  }

  take(lengthBytes: number): Uint8Array {
    const chunk = this.#pool.take(lengthBytes);
    this.#holds.set(chunk.buffer, 1);
    return chunk;
  }

  hold({ buffer }: Uint8Array): void {
    const holds = this.#holds.get(buffer);
    if (holds !== undefined) this.#holds.set(buffer, holds + 1);
  }

  /** By any view of it; the last one gives the memory back. */
  release(chunk: Uint8Array): void {
    const holds = this.#holds.get(chunk.buffer);
    if (holds === undefined) return;
    if (holds > 1) {
      this.#holds.set(chunk.buffer, holds - 1);
    } else {
      this.#holds.delete(chunk.buffer);
      this.#pool.give(chunk);
    }
  }
}
