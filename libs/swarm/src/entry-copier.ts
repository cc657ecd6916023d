import {
  IPV4_ENTRY_WORDS,
  IPV6_ENTRY_WORDS,
  PARTIAL_SEED,
  PARTIAL_SEED_SHIFT,
  TAIL_SHIFT,
} from "./peer-entry.ts";
import type { PeerPools } from "./peer-pools.ts";
import { LEECHER_CODE, type PeerSample, SEED_CODE } from "./peer-sample.ts";

const WORD_BYTES = 4;
const IPV4_ENDPOINT_BYTES = 6;
const IPV6_ENDPOINT_BYTES = 18;
const PORT_BYTES = 2;

const NO_WORDS: Int32Array = new Int32Array();

/**
 * Copies entries of a swarm into samples, by their positions: leechers first, then who only
 * uploads. One object serves all swarms; `open` says which.
 */
export class EntryCopier {
  leecherCount = 0;
  #isIpv6 = false;
  #leechers: Int32Array = NO_WORDS;
  #leechersAt = 0;
  #uploaders: Int32Array = NO_WORDS;
  /** Where the entry at position 0 would be if it were among them. */
  #uploadersAt = 0;

  open(pools: PeerPools, leechers: number): void {
    const { entryWords } = pools;
    const leecherCount = pools.count(leechers);
    this.#isIpv6 = entryWords === IPV6_ENTRY_WORDS;
    this.leecherCount = leecherCount;
    if (leecherCount > 0) {
      this.#leechers = pools.words(leechers);
      this.#leechersAt = pools.start(leechers);
    }
    if (pools.count(leechers + 1) === 0) return;
    this.#uploaders = pools.words(leechers + 1);
    this.#uploadersAt = pools.start(leechers + 1) - leecherCount * entryWords;
  }

  /** Appends `count` neighbours, all leechers or none. */
  copy(position: number, count: number, into: PeerSample): void {
    const uploads = position >= this.leecherCount;
    const words = uploads ? this.#uploaders : this.#leechers;
    const at = uploads ? this.#uploadersAt : this.#leechersAt;
    if (this.#isIpv6) copyIpv6({ words, at: at + position * IPV6_ENTRY_WORDS, count }, into);
    else copyIpv4({ words, at: at + position * IPV4_ENTRY_WORDS, count }, into);
    const { states } = into;
    const end = into.count + count;
    for (let index = into.count; index < end; index += 1) states[index] = LEECHER_CODE;
    if (uploads) this.#writeUploaders(position, count, into);
    into.count = end;
  }

  #writeUploaders(position: number, count: number, { states, count: index }: PeerSample): void {
    const entryWords = this.#isIpv6 ? IPV6_ENTRY_WORDS : IPV4_ENTRY_WORDS;
    let last = this.#uploadersAt + position * entryWords + entryWords - 1;
    for (let each = 0; each < count; each += 1) {
      const tail = (this.#uploaders[last] ?? 0) >>> TAIL_SHIFT;
      states[index + each] = SEED_CODE + ((tail & PARTIAL_SEED) >>> PARTIAL_SEED_SHIFT);
      last += entryWords;
    }
  }
}

type Run = { readonly words: Int32Array; readonly at: number; readonly count: number };

/** Several bytes a store, which is twice as fast as one. */
function copyIpv4({ words, at, count }: Run, { endpointsView, count: index }: PeerSample): void {
  let to = index * IPV4_ENDPOINT_BYTES;
  const end = at + count * IPV4_ENTRY_WORDS;
  for (let from = at; from < end; from += IPV4_ENTRY_WORDS) {
    endpointsView.setInt32(to, words[from] ?? 0, true);
    endpointsView.setInt16(to + WORD_BYTES, words[from + 1] ?? 0, true);
    to += IPV4_ENDPOINT_BYTES;
  }
}

function copyIpv6({ words, at, count }: Run, { endpointsView, count: index }: PeerSample): void {
  let to = index * IPV6_ENDPOINT_BYTES;
  let from = at;
  for (let each = 0; each < count; each += 1) {
    for (let word = 0; word < IPV6_ENTRY_WORDS - 1; word += 1) {
      endpointsView.setInt32(to + word * WORD_BYTES, words[from + word] ?? 0, true);
    }
    const portAt = to + IPV6_ENDPOINT_BYTES - PORT_BYTES;
    endpointsView.setInt16(portAt, words[from + IPV6_ENTRY_WORDS - 1] ?? 0, true);
    to += IPV6_ENDPOINT_BYTES;
    from += IPV6_ENTRY_WORDS;
  }
}
