import type { InfoHash } from "@seedfleet/bytes";
import type { HostPort } from "@seedfleet/contracts";
import type { Clock } from "@seedfleet/runtime";
import { type KnownPeer, PeerBook } from "../outbound/peer-book.ts";
import type { PeerSide } from "../peer-side.ts";
import type { ConnectionEnd } from "../peers/connection-origin.ts";

/** Connections that one download opens at most; those that peers open come on top. */
export const DOWNLOAD_PEERS_MAX = 50;

/** Of one torrent at once: most addresses that trackers give do not answer. */
export const DOWNLOAD_DIALS_MAX = 16;

export type DownloadPeersPorts = {
  readonly clock: Clock;
  readonly peers: Pick<PeerSide, "dialToDownload">;
  /** The address is this gateway's, or another's of the fleet, which has no more than we. */
  readonly isOurs: (address: HostPort) => boolean;
};

/** Goes to peers of one torrent, to download from them. */
export class DownloadPeers {
  readonly #ports: DownloadPeersPorts;
  readonly #infoHash: InfoHash;
  readonly #book: PeerBook;
  #started = false;
  #stopped = false;

  constructor(ports: DownloadPeersPorts, infoHash: InfoHash) {
    this.#ports = ports;
    this.#infoHash = infoHash;
    this.#book = new PeerBook({
      ...{ connectionsMax: DOWNLOAD_PEERS_MAX, dialsMax: DOWNLOAD_DIALS_MAX },
      isOurs: ports.isOurs,
    });
  }

  /** Whether more addresses would be of use. */
  get wantsMore(): boolean {
    return this.#book.wantsMore;
  }

  /** Whether somebody could be gone to, were there a place. */
  get othersWait(): boolean {
    return this.#book.isFull && this.#book.hasDue(this.#ports.clock.nowMs());
  }

  /** Somebody named these. */
  add(addresses: readonly HostPort[]): void {
    if (this.#stopped) return;
    this.#book.add(addresses);
    this.dial();
  }

  /** The torrent is known now, which a handshake takes. */
  start(): void {
    this.#started = true;
    this.dial();
  }

  /** Goes to whom it is time for; to be called about once a second. */
  dial(): void {
    if (!this.#started || this.#stopped) return;
    const nowMs = this.#ports.clock.nowMs();
    for (let peer = this.#book.next(nowMs); peer !== null; peer = this.#book.next(nowMs)) {
      void this.#dial(peer);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #dial({ number, address }: KnownPeer): Promise<void> {
    const ended = ({ reason, wasOfUse }: ConnectionEnd): void => {
      if (reason === "piece-corrupt") this.#book.ban(number);
      this.#book.ended(number, wasOfUse, this.#ports.clock.nowMs());
    };
    const peer = { askedAs: this.#infoHash, address };
    const failure = await this.#ports.peers.dialToDownload(peer, ended);
    if (failure === null) this.#book.connected(number);
    else {
      if (failure === "own-peer-id") this.#book.ban(number);
      this.#book.ended(number, false, this.#ports.clock.nowMs());
    }
  }
}
