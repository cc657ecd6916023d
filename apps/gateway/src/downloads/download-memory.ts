import { MemoryPool } from "@seedfleet/bytes";

/** A download whose begun pieces are in this memory. */
type MemoryUser = { readonly begunBytes: number };

/** What begun pieces of all of a gateway's downloads together may take, however many there are. */
export class DownloadMemory {
  /**
   * Where they are: shared memory, of which the engine hears nothing. It would look for garbage
   * several times before there is any, as it does when tens of megabytes come to be there.
   */
  readonly pool: MemoryPool;
  readonly #bytesMax: number;
  readonly #users = new Set<MemoryUser>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.pool = new MemoryPool({ freeBytesMax: bytesMax, shared: true });
  }

  join(user: MemoryUser): void {
    this.#users.add(user);
  }

  leave(user: MemoryUser): void {
    this.#users.delete(user);
    if (this.#users.size === 0) this.pool.clear();
  }

  /** Whether so many bytes more may be begun. */
  hasRoom(bytes: number): boolean {
    return this.begunBytes + bytes <= this.#bytesMax;
  }

  /** What begun pieces take now. */
  get begunBytes(): number {
    let begunBytes = 0;
    for (const user of this.#users) begunBytes += user.begunBytes;
    return begunBytes;
  }
}
