import {
  IPV4_ENTRY_WORDS,
  IPV6_ENTRY_WORDS,
  PARTIAL_SEED,
  PARTIAL_SEED_SHIFT,
  writeWord,
} from "./peer-entry.ts";
import type { PeerIds } from "./peer-ids.ts";
import type { PeerPools } from "./peer-pools.ts";
import { type PeerSample, SEED_CODE } from "./peer-sample.ts";
import type { Sampler } from "./sampler.ts";
import type { SampleRequest } from "./swarm-peer.ts";

const IPV4_ENDPOINT_BYTES = 6;
const WORD_BYTES = 4;

/** So many words an IPv6 address is longer: a branch, since a loop for both costs a quarter. */
const IPV6_WORDS_MORE: number = IPV6_ENTRY_WORDS - IPV4_ENTRY_WORDS;
const PEER_ID_BYTES = 20;

export type Asked = {
  readonly pools: PeerPools;
  /** The pool of the leechers; that of all who only upload is the next. */
  readonly leechers: number;
  readonly request: SampleRequest;
};

/**
 * Appends random peers of one swarm to a sample. Nobody is in it twice, nor the asker, and who only
 * uploads is told of leechers only.
 */
export class SampleWriter {
  readonly #sampler: Sampler;
  readonly #peerIds: PeerIds;
  /** Where the leechers are among, and who uploads. */
  readonly #words: Int32Array[] = [];

  constructor(sampler: Sampler, peerIds: PeerIds) {
    this.#sampler = sampler;
    this.#peerIds = peerIds;
  }

  write({ pools, leechers, request }: Asked, into: PeerSample): void {
    const room = Math.min(request.numWant, into.peersMax) - into.count;
    const leecherCount = pools.count(leechers);
    const uploaderCount = request.state === "leecher" ? pools.count(leechers + 1) : 0;
    if (room <= 0 || leecherCount + uploaderCount === 0) return;
    this.#sampler.begin(leecherCount + uploaderCount);
    pools.readKey(request.endpoint);
    this.#hideKey(pools, leechers, uploaderCount > 0);
    for (let each = 0; each < into.count; each += 1) {
      const at = each * into.endpointBytes;
      pools.readKey(into.endpoints.subarray(at, at + into.endpointBytes));
      this.#hideKey(pools, leechers, uploaderCount > 0);
    }
    this.#sampler.choose(room);
    this.#writeChosen(pools, leechers, into);
  }

  #hideKey(pools: PeerPools, leechers: number, withUploaders: boolean): void {
    const leecher = pools.find(leechers);
    if (leecher >= 0) return this.#sampler.hide(leecher);
    const uploader = withUploaders ? pools.find(leechers + 1) : -1;
    if (uploader >= 0) this.#sampler.hide(pools.count(leechers) + uploader);
  }

  #writeChosen(pools: PeerPools, leechers: number, into: PeerSample): void {
    const { count, chosen } = this.#sampler;
    const { entryWords } = pools;
    const isIpv6 = entryWords === IPV6_ENTRY_WORDS;
    const leecherCount = pools.count(leechers);
    const first = leecherCount > 0 ? leechers : leechers + 1;
    const second = pools.count(leechers + 1) > 0 ? leechers + 1 : first;
    const words = this.#words;
    words[0] = pools.words(first);
    words[1] = pools.words(second);
    const leechersAt = pools.start(first);
    const toUploaders = pools.start(second) - leecherCount * entryWords - leechersAt;
    const { endpoints, states } = into;
    let index = into.count;
    let to = index * into.endpointBytes;
    for (let each = 0; each < count; each += 1) {
      const position = chosen[each] ?? 0;
      // −1 for one who uploads, else 0: a branch would be foretold wrongly every other time.
      const uploads = (leecherCount - 1 - position) >> 31;
      const from = words[uploads & 1] as Int32Array;
      let at = leechersAt + position * entryWords + (uploads & toUploaders);
      if (isIpv6) {
        for (let word = 0; word < IPV6_WORDS_MORE; word += 1) {
          writeWord(from[at + word] ?? 0, endpoints, to + word * WORD_BYTES);
        }
        at += IPV6_WORDS_MORE;
        to += IPV6_WORDS_MORE * WORD_BYTES;
      }
      const word = from[at] ?? 0;
      endpoints[to] = word >>> 24;
      endpoints[to + 1] = word >>> 16;
      endpoints[to + 2] = word >>> 8;
      endpoints[to + 3] = word;
      const last = from[at + 1] ?? 0;
      endpoints[to + 4] = last >>> 24;
      endpoints[to + 5] = last >>> 16;
      to += IPV4_ENDPOINT_BYTES;
      states[index] = uploads & (SEED_CODE + ((last & PARTIAL_SEED) >>> PARTIAL_SEED_SHIFT));
      index += 1;
    }
    if (into.wantPeerIds) this.#writePeerIds(pools, leechers, into);
    into.count = index;
  }

  /** From the first that was not there before on. */
  #writePeerIds(pools: PeerPools, leechers: number, into: PeerSample): void {
    const { count } = this.#sampler;
    for (let each = 0; each < count; each += 1) {
      const index = into.count + each;
      const at = index * into.endpointBytes;
      pools.readKey(into.endpoints.subarray(at, at + into.endpointBytes));
      const place = { into: into.peerIds, to: index * PEER_ID_BYTES };
      const hash = pools.hash.of(pools.key, 0);
      into.known[index] = this.#peerIds.read(leechers >>> 2, hash, place) ? 1 : 0;
    }
  }
}
