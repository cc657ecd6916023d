import { countVisitors } from "./visitors.ts";

/** A number of bytes and the groups of its visitors are one number: the lower bits are theirs. */
const GROUPS_VALUES = 128;

/**
 * Who asked for pieces that went by without being cached: what the small queue of S3-FIFO is for
 * those that are, without the pieces. As many as would fill `bytesMax`, and no more than `keysMax`;
 * those that were asked for first are forgotten first.
 */
export class PassingKeys {
  readonly #bytesMax: number;
  readonly #keysMax: number;
  /** In the order they were first asked for. */
  readonly #asked = new Map<number, number>();
  #byteLength = 0;

  constructor({ bytesMax, keysMax }: { readonly bytesMax: number; readonly keysMax: number }) {
    this.#bytesMax = bytesMax;
    this.#keysMax = keysMax;
  }

  get size(): number {
    return this.#asked.size;
  }

  /** Of all the pieces whose keys are known. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** The peer of this mark asks for the piece; how many have, it among them, as far as is known. */
  visit(key: number, { bytes, mark }: { readonly bytes: number; readonly mark: number }): number {
    const groups = mark % GROUPS_VALUES;
    const known = this.#asked.get(key);
    const all = (known === undefined ? 0 : known % GROUPS_VALUES) | groups;
    if (known === undefined) this.#add(key, bytes * GROUPS_VALUES + groups);
    else this.#asked.set(key, known - (known % GROUPS_VALUES) + all);
    return countVisitors(all);
  }

  /** The marks of those who asked for the piece, which is forgotten now; 0 where nobody did. */
  take(key: number): number {
    const known = this.#asked.get(key);
    if (known === undefined) return 0;
    this.#asked.delete(key);
    this.#byteLength -= bytesOf(known);
    return known % GROUPS_VALUES;
  }

  #add(key: number, known: number): void {
    this.#asked.set(key, known);
    this.#byteLength += bytesOf(known);
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= this.#keysMax && this.#byteLength <= this.#bytesMax) return;
      this.take(oldest);
    }
  }
}

function bytesOf(known: number): number {
  return Math.floor(known / GROUPS_VALUES);
}
