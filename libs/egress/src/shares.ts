import { DemandMeter } from "./demand-meter.ts";
import { type HeapItem, MinHeap } from "./min-heap.ts";
import type { LimitDemand } from "./split-limit.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { PeerLimits, TorrentLimits } from "./upload-limits.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** What a class is owed must outlive the longest block of another, however slow the gateway. */
const PROMISE_BURST_BYTES_MIN = 128 * 1024;

/** Torrents that share a promise, or a limit. */
export class UploadClass<Owner> implements VirtualTime {
  /** Holds what the class is owed. */
  readonly promise: TokenBucket;
  /** Holds what the class may be sent. */
  readonly limit: TokenBucket;
  readonly meter: DemandMeter;
  /** The torrents that could send now, by the virtual time of their first peer. */
  readonly waiting: MinHeap<TorrentShare<Owner>> = new MinHeap();
  virtualTime = 0;
  offset = 0;

  constructor(nowMs: number) {
    this.promise = new TokenBucket(0, nowMs, PROMISE_BURST_BYTES_MIN);
    this.limit = new TokenBucket(null, nowMs);
    this.meter = new DemandMeter(nowMs);
  }

  get isLimited(): boolean {
    return this.limit.tokens !== Number.POSITIVE_INFINITY;
  }

  /** Whether its torrents wait for its own limit, whatever the gateway's has left. */
  get isHeldBack(): boolean {
    return this.limit.tokens <= 0;
  }
}

/** A torrent's part in the gateway's upload. Only `UploadShares` changes it. */
export class TorrentShare<Owner> implements HeapItem, VirtualTime {
  readonly bucket: TokenBucket;
  /** The peers that the torrent's limit alone may keep from sending, by virtual time. */
  readonly waiting: MinHeap<PeerShare<Owner>> = new MinHeap();
  uploadClass: UploadClass<Owner>;
  /** The name of the class that it is to be of, if there is one. */
  className: string | null;
  /** Of what it wants of its limit; null where nobody asks. */
  meter: DemandMeter | null;
  /** Those that have joined and not left. */
  peerCount = 0;
  virtualTime = 0;
  offset = 0;
  key = 0;
  heapIndex: number | null = null;

  constructor(limits: TorrentLimits, uploadClass: UploadClass<Owner>, nowMs: number) {
    this.bucket = new TokenBucket(limits.uploadBytesPerSecond, nowMs);
    this.uploadClass = uploadClass;
    this.className = limits.uploadClass;
    this.meter = limits.measured === true ? new DemandMeter(nowMs) : null;
  }
}

/** A peer's part in the gateway's upload. Only `UploadShares` changes it. */
export class PeerShare<Owner> implements HeapItem {
  /** Whom the shell flushes when it is this peer's turn. */
  readonly owner: Owner;
  readonly torrent: TorrentShare<Owner>;
  readonly bucket: TokenBucket;
  /** The virtual time of its torrent at which its next turn begins at the earliest. */
  startTime = 0;
  /** Whether its last turn was owed to its class. */
  byPromise = false;
  hasLeft = false;
  /** The last interval of demand that counted it. */
  countedInterval = 0;
  key = 0;
  heapIndex: number | null = null;

  constructor(
    torrent: TorrentShare<Owner>,
    joining: PeerLimits & { readonly owner: Owner },
    nowMs: number,
  ) {
    this.owner = joining.owner;
    this.torrent = torrent;
    this.bucket = new TokenBucket(joining.uploadBytesPerSecond, nowMs);
  }

  get isWaiting(): boolean {
    return this.heapIndex !== null;
  }
}

/** What was wanted of each limit since the last time somebody asked. */
export type UploadDemand<Owner> = {
  readonly gateway: LimitDemand;
  /** Of those that are limited, by name. */
  readonly classes: ReadonlyMap<string, LimitDemand>;
  /** Of those that are measured and have peers. */
  readonly torrents: ReadonlyMap<TorrentShare<Owner>, LimitDemand>;
};
