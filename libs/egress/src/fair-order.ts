import type { PeerShare, TorrentShare, UploadClass } from "./shares.ts";
import { carryUp, carryUpOwed } from "./virtual-time.ts";

/**
 * Whose turn it is among all peers that only the gateway's limit holds back.
 *
 * A class that is owed some of its promise comes first. Otherwise it is the peer that has had the
 * fewest bytes since it came, whichever class and torrent it belongs to: a promise adds to a class
 * that would get less, and takes nothing from one that would get more.
 */
export class FairOrder<Owner> {
  readonly #clock = { virtualTime: 0 };
  #classes: readonly UploadClass<Owner>[] = [];
  #waitingTorrents = 0;

  /** Whether nobody waits but for the limit of a class. */
  get isEmpty(): boolean {
    return this.#waitingTorrents === 0 || this.#classes.every((each) => !canSend(each));
  }

  get classes(): readonly UploadClass<Owner>[] {
    return this.#classes;
  }

  /** One that is left out must have no torrent that waits. */
  setClasses(classes: readonly UploadClass<Owner>[]): void {
    this.#classes = classes;
  }

  /** Puts a torrent with waiting peers where its first peer stands; again whenever that changes. */
  enter(torrent: TorrentShare<Owner>): void {
    const { waiting } = torrent.uploadClass;
    if (!waiting.has(torrent)) this.#waitingTorrents += 1;
    waiting.put(torrent, torrent.waiting.firstKey + torrent.offset);
  }

  leave(torrent: TorrentShare<Owner>): void {
    const { waiting } = torrent.uploadClass;
    if (!waiting.has(torrent)) return;
    this.#waitingTorrents -= 1;
    waiting.remove(torrent);
  }

  /** Takes out the peer whose turn it is and begins its turn; null if nobody waits. */
  next(nowMs: number): PeerShare<Owner> | null {
    const owed = this.#owed(nowMs);
    const torrent = (owed ?? this.#furthestBehind())?.waiting.first ?? null;
    const peer = torrent?.waiting.first ?? null;
    if (torrent === null || peer === null) return null;
    torrent.waiting.remove(peer);
    this.#begin(peer, owed !== null);
    if (torrent.waiting.first === null) this.leave(torrent);
    else this.enter(torrent);
    return peer;
  }

  /** Begins the turn of a peer that need not wait, because nobody does. */
  begin(peer: PeerShare<Owner>): void {
    this.#begin(peer, false);
  }

  #begin(peer: PeerShare<Owner>, byPromise: boolean): void {
    const { torrent } = peer;
    const { uploadClass } = torrent;
    torrent.virtualTime = Math.max(torrent.virtualTime, peer.startTime);
    peer.startTime = torrent.virtualTime;
    peer.byPromise = byPromise;
    const start = carryUp(torrent, uploadClass, torrent.virtualTime);
    if (byPromise) carryUpOwed(uploadClass, this.#clock, start);
    else carryUp(uploadClass, this.#clock, start);
  }

  /** Any will do: all promises together are less than the limit, so each has its turn. */
  #owed(nowMs: number): UploadClass<Owner> | null {
    for (const each of this.#classes) {
      if (canSend(each) && each.promise.refill(nowMs) > 0) return each;
    }
    return null;
  }

  #furthestBehind(): UploadClass<Owner> | null {
    let furthest: UploadClass<Owner> | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const each of this.#classes) {
      if (each.isHeldBack) continue;
      const time = each.waiting.firstKey + each.offset;
      if (time >= least) continue;
      furthest = each;
      least = time;
    }
    return furthest;
  }
}

function canSend({ waiting, isHeldBack }: UploadClass<unknown>): boolean {
  return waiting.first !== null && !isHeldBack;
}
