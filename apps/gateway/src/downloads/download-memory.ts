import { MemoryPool } from "@seedfleet/bytes";

/** Memory of stored pieces that is kept for the next ones. */
const FREE_BYTES_MAX: number = 32 * 1024 * 1024;

/** A download whose begun pieces are in this memory. */
type MemoryUser = { readonly begunBytes: number };

/** What begun pieces of all of a gateway's downloads together may take, however many there are. */
export class DownloadMemory {
  /** Where they are. */
  readonly pool: MemoryPool = new MemoryPool({ freeBytesMax: FREE_BYTES_MAX });
  readonly #bytesMax: number;
  readonly #users = new Set<MemoryUser>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  join(user: MemoryUser): void {
    this.#users.add(user);
  }

  leave(user: MemoryUser): void {
    this.#users.delete(user);
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
