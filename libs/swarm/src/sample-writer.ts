import { EntryCopier } from "./entry-copier.ts";
import type { PeerIds } from "./peer-ids.ts";
import type { PeerPools } from "./peer-pools.ts";
import type { PeerSample } from "./peer-sample.ts";
import type { Sampler } from "./sampler.ts";
import type { SampleRequest } from "./swarm-peer.ts";

const PEER_ID_BYTES = 20;

/** Peers that are neighbours in their pool: 32 bytes of IPv4, so mostly one line of memory. */
const RUN_PEERS = 4;

/** Fewer peers than this lie in so few lines of memory that each is drawn on its own. */
const RUNS_FROM_PEERS = 128;

type Circle = {
  total: number;
  /** Its position, or −1. */
  asker: number;
  room: number;
};

export type Asked = {
  pools: PeerPools;
  /** The pool of the leechers; that of all who only upload is the next. */
  leechers: number;
  request: SampleRequest;
};

/**
 * Appends random peers of one swarm to a sample. Nobody is in it twice, nor the asker, and who only
 * uploads is told of leechers only. Everybody else is as likely as any other.
 *
 * Of a swarm of a few hundred and more, peers are drawn in runs of four neighbours, since each one
 * drawn alone waits for memory. The circle of all others is cut, from a place that chance chooses
 * anew each time, into runs of which some are chosen; so each peer is still as likely as any. What
 * it costs is independence: who joined right after another is handed out together with it more
 * often than chance has it, and how many of some group are in a sample varies as if a quarter as
 * many had been drawn. To shuffle pools would mend that, but a snapshot in slices needs peers to
 * move towards the front only.
 */
export class SampleWriter {
  readonly #sampler: Sampler;
  readonly #peerIds: PeerIds;
  readonly #copier = new EntryCopier();
  /** Filled again for each. */
  readonly #circle: Circle = { total: 0, asker: -1, room: 0 };

  constructor(sampler: Sampler, peerIds: PeerIds) {
    this.#sampler = sampler;
    this.#peerIds = peerIds;
  }

  write({ pools, leechers, request }: Asked, into: PeerSample): void {
    const room = Math.min(request.numWant, into.peersMax) - into.count;
    const leecherCount = pools.count(leechers);
    const uploaderCount = request.state === "leecher" ? pools.count(leechers + 1) : 0;
    const total = leecherCount + uploaderCount;
    if (room <= 0 || total === 0) return;
    const before = into.count;
    pools.readKey(request.endpoint);
    const asker = this.#position(pools, leechers, uploaderCount > 0);
    this.#copier.open(pools, leechers);
    if (before === 0 && total >= RUNS_FROM_PEERS && total > 2 * (room + RUN_PEERS)) {
      const circle = this.#circle;
      circle.total = total;
      circle.asker = asker;
      circle.room = room;
      this.#writeRuns(circle, into);
    } else {
      const sampler = this.#sampler;
      sampler.begin(total);
      if (asker >= 0) sampler.hide(asker);
      for (let each = 0; each < before; each += 1) {
        const at = each * into.endpointBytes;
        pools.readKey(into.endpoints.subarray(at, at + into.endpointBytes));
        const position = this.#position(pools, leechers, uploaderCount > 0);
        if (position >= 0) sampler.hide(position);
      }
      sampler.choose(room);
      for (let each = 0; each < sampler.count; each += 1) {
        this.#copier.copy(sampler.chosen[each] ?? 0, 1, into);
      }
    }
    if (into.wantPeerIds) this.#writePeerIds(pools, { leechers, before }, into);
  }

  /** Draws runs of neighbours on the circle of all but the asker, which begins anywhere. */
  #writeRuns({ total, asker, room }: Circle, into: PeerSample): void {
    const sampler = this.#sampler;
    const copier = this.#copier;
    const others = asker < 0 ? total : total - 1;
    sampler.begin(Math.floor(others / RUN_PEERS));
    sampler.choose(Math.ceil(room / RUN_PEERS));
    const { count, chosen } = sampler;
    const begin = sampler.below(others);
    const skipped = asker < 0 ? total : asker;
    const { leecherCount } = copier;
    let left = room;
    for (let each = 0; each < count; each += 1) {
      let inRun = Math.min(RUN_PEERS, left);
      left -= inRun;
      let place = begin + (chosen[each] ?? 0) * RUN_PEERS;
      while (inRun > 0) {
        if (place >= others) place -= others;
        const position = place < skipped ? place : place + 1;
        // A run goes on behind the asker, behind the last leecher, and at the front.
        let end = position < skipped ? skipped : total;
        if (position < leecherCount && end > leecherCount) end = leecherCount;
        const peers = Math.min(inRun, end - position);
        copier.copy(position, peers, into);
        place += peers;
        inRun -= peers;
      }
    }
  }

  /** Where the key is among leechers, then uploaders; −1 if it is not. */
  #position(pools: PeerPools, leechers: number, withUploaders: boolean): number {
    const leecher = pools.find(leechers);
    if (leecher >= 0 || !withUploaders) return leecher;
    const uploader = pools.find(leechers + 1);
    return uploader < 0 ? -1 : pools.count(leechers) + uploader;
  }

  /** From the first that was not there before on. */
  #writePeerIds(
    pools: PeerPools,
    { leechers, before }: { readonly leechers: number; readonly before: number },
    into: PeerSample,
  ): void {
    for (let index = before; index < into.count; index += 1) {
      const at = index * into.endpointBytes;
      pools.readKey(into.endpoints.subarray(at, at + into.endpointBytes));
      const place = { into: into.peerIds, to: index * PEER_ID_BYTES };
      const hash = pools.hash.of(pools.key, 0);
      into.known[index] = this.#peerIds.read(leechers >>> 2, hash, place) ? 1 : 0;
    }
  }
}
