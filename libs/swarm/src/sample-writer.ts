import { PARTIAL_SEED, writeWord } from "./peer-entry.ts";
import type { PeerIds } from "./peer-ids.ts";
import type { PeerPools } from "./peer-pools.ts";
import { LEECHER_CODE, PARTIAL_SEED_CODE, type PeerSample, SEED_CODE } from "./peer-sample.ts";
import type { Sampler } from "./sampler.ts";
import type { SampleRequest } from "./swarm-peer.ts";

const PORT_BYTES = 2;
const WORD_BYTES = 4;
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
    const leecherCount = pools.count(leechers);
    const first = leecherCount > 0 ? leechers : leechers + 1;
    const [firstWords, firstAt] = [pools.words(first), pools.start(first)];
    const second = pools.count(leechers + 1) > 0 ? leechers + 1 : first;
    const [secondWords, secondAt] = [pools.words(second), pools.start(second)];
    for (let each = 0; each < count; each += 1) {
      const position = chosen[each] ?? 0;
      const uploads = position >= leecherCount;
      const words = uploads ? secondWords : firstWords;
      const at = uploads
        ? secondAt + (position - leecherCount) * entryWords
        : firstAt + position * entryWords;
      const tail = words[at + entryWords - 1] ?? 0;
      const uploader = tail & PARTIAL_SEED ? PARTIAL_SEED_CODE : SEED_CODE;
      into.states[into.count] = uploads ? uploader : LEECHER_CODE;
      writeEndpoint(words, at, into);
      if (into.wantPeerIds) this.#writePeerId(pools.hash.of(words, at), leechers >>> 2, into);
      into.count += 1;
    }
  }

  #writePeerId(hash: number, row: number, into: PeerSample): void {
    const place = { into: into.peerIds, to: into.count * PEER_ID_BYTES };
    into.known[into.count] = this.#peerIds.read(row, hash, place) ? 1 : 0;
  }
}

function writeEndpoint(words: Int32Array, at: number, into: PeerSample): void {
  const { endpoints, endpointBytes } = into;
  let to = into.count * endpointBytes;
  const end = to + endpointBytes - PORT_BYTES;
  let from = at;
  for (; to < end; to += WORD_BYTES) {
    writeWord(words[from] ?? 0, endpoints, to);
    from += 1;
  }
  const port = (words[from] ?? 0) >>> 16;
  endpoints[to] = port >>> 8;
  endpoints[to + 1] = port;
}
