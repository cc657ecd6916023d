import {
  type GatewayLimits,
  type LimitDemand,
  type PeerShare,
  type TorrentShare,
  UploadShares,
} from "@seedfleet/egress";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import type { Torrent } from "../torrents/torrent.ts";
import {
  type GatewayDemand,
  gatewayLimits,
  NO_PARTS,
  peerLimits,
  type TorrentPart,
  torrentLimits,
  type UploadParts,
  type UploadSettings,
} from "./upload-limits.ts";

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
  readonly #torrentShare: number;
  readonly #shares: UploadShares<Sender>;
  readonly #torrents = new WeakMap<Torrent, TorrentShare<Sender>>();
  readonly #ofShares = new WeakMap<TorrentShare<Sender>, Torrent>();
  #parts: UploadParts = NO_PARTS;
  #timer: { readonly atMs: number; readonly cancel: CancelTimer } | null = null;
  #waking = false;

  /** `torrentShare` of a torrent's limit is this thread's, until `setTorrent` says otherwise. */
  constructor(clock: Clock, settings: UploadSettings, torrentShare = 1) {
    this.#clock = clock;
    this.#torrentShare = torrentShare;
    this.#settings = settings;
    this.#shares = new UploadShares(gatewayLimits(settings, NO_PARTS), clock.nowMs());
  }

  join(torrent: Torrent, owner: Sender): SenderShare {
    const nowMs = this.#clock.nowMs();
    let share = this.#torrents.get(torrent);
    if (share === undefined) {
      const limits = torrentLimits(this.#settings, torrent.entry, this.#partOf(torrent));
      share = this.#shares.addTorrent(limits, nowMs);
      this.#torrents.set(torrent, share);
      this.#ofShares.set(share, torrent);
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

  /** What was sent so far while some limit held. */
  get limitedBytes(): number {
    return this.#shares.limitedBytes;
  }

  /** What was wanted of the limits since this was asked last. */
  demand(): GatewayDemand {
    const { torrents: ofShares, ...others } = this.#shares.demand(this.#clock.nowMs());
    const torrents = new Map<Torrent, LimitDemand>();
    for (const [share, demand] of ofShares) {
      const torrent = this.#ofShares.get(share);
      if (torrent !== undefined) torrents.set(torrent, demand);
    }
    return { ...others, torrents };
  }

  /** The gateway's parts of the fleet's budgets, of which this thread has all. */
  setParts(parts: UploadParts): void {
    const changed = new Set([...this.#parts.torrents.keys(), ...parts.torrents.keys()]);
    this.#parts = parts;
    this.setLimits(gatewayLimits(this.#settings, parts));
    for (const torrent of changed) this.setTorrent(torrent);
  }

  /** This thread's part of the limits of gateway and classes. */
  setLimits(limits: GatewayLimits): void {
    this.#shares.setGatewayLimits(limits, this.#clock.nowMs());
    this.#setTimer();
  }

  /** The catalog says something else of the torrent now, or this thread's part has changed. */
  setTorrent(torrent: Torrent, part: TorrentPart = this.#partOf(torrent)): void {
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

  #partOf(torrent: Torrent): TorrentPart {
    const budgetBytesPerSecond = this.#parts.torrents.get(torrent) ?? 0;
    return { share: this.#torrentShare, budgetBytesPerSecond };
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
