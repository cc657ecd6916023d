import {
  type LimitDemand,
  type PeerShare,
  type TorrentShare,
  UploadShares,
} from "@seedfleet/egress";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import type { Torrent } from "../torrents/torrent.ts";
import { gatewayLimits, peerLimits, torrentLimits, type UploadSettings } from "./upload-limits.ts";

/** Whoever waits for its turn to send. */
export interface Sender {
  flush(): void;
}

export type SenderShare = PeerShare<Sender>;

/**
 * The upload of one thread's peers under the limits of gateway, torrent and peer: who may send how
 * much now is `UploadShares`' to say, this is the timer that wakes those who wait.
 */
export class UploadLimiter {
  readonly #clock: Clock;
  readonly #settings: UploadSettings;
  readonly #torrentPart: number;
  readonly #shares: UploadShares<Sender>;
  readonly #torrents = new WeakMap<Torrent, TorrentShare<Sender>>();
  #timer: { readonly atMs: number; readonly cancel: CancelTimer } | null = null;
  #waking = false;

  /** `torrentPart` of a torrent's limit is this thread's, until `setTorrent` says otherwise. */
  constructor(clock: Clock, settings: UploadSettings, torrentPart = 1) {
    this.#clock = clock;
    this.#torrentPart = torrentPart;
    this.#settings = settings;
    this.#shares = new UploadShares(gatewayLimits(settings), clock.nowMs());
  }

  join(torrent: Torrent, owner: Sender): SenderShare {
    const nowMs = this.#clock.nowMs();
    let share = this.#torrents.get(torrent);
    if (share === undefined) {
      const limits = torrentLimits(this.#settings, torrent.entry, this.#torrentPart);
      share = this.#shares.addTorrent(limits, nowMs);
      this.#torrents.set(torrent, share);
    }
    return this.#shares.join(share, { ...peerLimits(this.#settings), owner }, nowMs);
  }

  leave(share: SenderShare): void {
    this.#shares.leave(share);
  }

  /** How many of the wanted bytes may be sent now. Given 0 it is flushed when more may be. */
  take(share: SenderShare, wantedBytes: number): number {
    const givenBytes = this.#shares.take(share, wantedBytes, this.#clock.nowMs());
    if (givenBytes === 0) this.#setTimer();
    return givenBytes;
  }

  /** Blocks are whole: how much more was sent than was given, or less. */
  correct(share: SenderShare, bytes: number): void {
    this.#shares.correct(share, bytes);
  }

  /** What was wanted of the gateway's limit since this was asked last. */
  demand(): LimitDemand {
    return this.#shares.demand(this.#clock.nowMs()).gateway;
  }

  /** This thread's part of the gateway's limit, and the shares of it that classes have. */
  setPart(uploadBytesPerSecond: number, promises: UploadSettings["uploadPromises"]): void {
    this.#shares.setGatewayLimits({ uploadBytesPerSecond, promises }, this.#clock.nowMs());
    this.#setTimer();
  }

  /** The catalog says something else of the torrent now, or this thread's part has changed. */
  setTorrent(torrent: Torrent, part = 1): void {
    const share = this.#torrents.get(torrent);
    if (share === undefined) return;
    const limits = torrentLimits(this.#settings, torrent.entry, part);
    this.#shares.setTorrentLimits(share, limits, this.#clock.nowMs());
    this.#setTimer();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#waking = true;
  }

  #setTimer(): void {
    if (this.#waking) return;
    const nowMs = this.#clock.nowMs();
    const atMs = this.#shares.wakeAtMs(nowMs);
    if (atMs === null || (this.#timer !== null && this.#timer.atMs <= atMs)) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(Math.max(1, Math.ceil(atMs - nowMs)), () => this.#wake());
    this.#timer = { atMs, cancel };
  }

  #wake(): void {
    this.#timer = null;
    this.#waking = true;
    const nowMs = this.#clock.nowMs();
    for (let next = this.#shares.ready(nowMs); next !== null; next = this.#shares.ready(nowMs)) {
      next.owner.flush();
    }
    this.#waking = false;
    this.#setTimer();
  }
}
