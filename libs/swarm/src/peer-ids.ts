import { readWords, writeWord } from "./peer-entry.ts";
import { storeWords } from "./store-words.ts";

const WORD_BYTES = 4;
const WAYS = 4;
const ID_AT = 2;
const ID_WORDS = 5;
const ENTRY_WORDS = ID_AT + ID_WORDS;
const SET_WORDS = WAYS * ENTRY_WORDS;
const SETS_AT_FIRST = 256;
const GOLDEN = 0x9e3779b1;

/**
 * The peer ids of about as many peers as it may keep, for the few clients that ask for them: a
 * cache in sets of four, of which one is overwritten when a fifth comes. A peer that is gone is
 * overwritten some day, too. Keyed by swarm and hash of the endpoint.
 */
export class PeerIds {
  readonly #setsMax: number;
  #sets = 0;
  #words: Int32Array = new Int32Array();
  #kept = 0;
  #victim = 0;
  readonly #id = new Int32Array(ID_WORDS);

  constructor(peerIdsMax: number) {
    this.#setsMax = peerIdsMax <= 0 ? 0 : 2 ** Math.ceil(Math.log2(Math.ceil(peerIdsMax / WAYS)));
  }

  get bytes(): number {
    return this.#words.length * WORD_BYTES;
  }

  get keepsAny(): boolean {
    return this.#setsMax > 0;
  }

  get isEmpty(): boolean {
    return this.#kept === 0;
  }

  put(row: number, hash: number, peerId: Uint8Array): void {
    if (this.#kept * 2 >= this.#sets * WAYS && this.#sets < this.#setsMax) this.#grow();
    const words = this.#words;
    const set = this.#set(row, hash);
    let at = this.#find(set, row, hash);
    if (at < 0) at = this.#free(set);
    words[at] = row + 1;
    words[at + 1] = hash;
    readWords(peerId, this.#id);
    for (let word = 0; word < ID_WORDS; word += 1) words[at + ID_AT + word] = this.#id[word] ?? 0;
  }

  /** The peer may have another by now. */
  forget(row: number, hash: number): void {
    const at = this.#find(this.#set(row, hash), row, hash);
    if (at < 0) return;
    this.#words[at] = 0;
    this.#kept -= 1;
  }

  /** Writes the peer id to `into[to]` and on; false if it is not kept. */
  read(row: number, hash: number, { into, to }: { into: Uint8Array; to: number }): boolean {
    if (this.#sets === 0) return false;
    const at = this.#find(this.#set(row, hash), row, hash);
    if (at < 0) return false;
    for (let word = 0; word < ID_WORDS; word += 1) {
      writeWord(this.#words[at + ID_AT + word] ?? 0, into, to + word * WORD_BYTES);
    }
    return true;
  }

  #set(row: number, hash: number): number {
    const mixed = Math.imul(hash ^ Math.imul(row + 1, GOLDEN), GOLDEN);
    return ((mixed ^ (mixed >>> 15)) & (this.#sets - 1)) * SET_WORDS;
  }

  #find(set: number, row: number, hash: number): number {
    const words = this.#words;
    for (let at = set; at < set + SET_WORDS; at += ENTRY_WORDS) {
      if (words[at] === row + 1 && words[at + 1] === hash) return at;
    }
    return -1;
  }

  #free(set: number): number {
    for (let at = set; at < set + SET_WORDS; at += ENTRY_WORDS) {
      if (this.#words[at] !== 0) continue;
      this.#kept += 1;
      return at;
    }
    this.#victim = (this.#victim + 1) % WAYS;
    return set + this.#victim * ENTRY_WORDS;
  }

  /** Every set becomes two; what each had is moved to the one it belongs to now. */
  #grow(): void {
    const old = this.#words;
    this.#sets = this.#sets === 0 ? Math.min(SETS_AT_FIRST, this.#setsMax) : this.#sets * 2;
    this.#words = storeWords(this.#sets * SET_WORDS);
    this.#kept = 0;
    for (let at = 0; at < old.length; at += ENTRY_WORDS) {
      if (old[at] === 0) continue;
      const to = this.#free(this.#set((old[at] ?? 0) - 1, old[at + 1] ?? 0));
      for (let word = 0; word < ENTRY_WORDS; word += 1) {
        this.#words[to + word] = old[at + word] ?? 0;
      }
    }
  }
}
