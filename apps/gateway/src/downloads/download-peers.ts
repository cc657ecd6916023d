import type { InfoHash } from "@seedfleet/bytes";
import type { HostPort } from "@seedfleet/contracts";
import type { Clock } from "@seedfleet/runtime";
import type { PeerSide } from "../peer-side.ts";
import type { CloseReason } from "../peers/close-reason.ts";
import { KnownPeers } from "./known-peers.ts";

export type DownloadPeersPorts = {
  readonly clock: Clock;
  readonly peers: Pick<PeerSide, "dialToDownload">;
  /** The address is this gateway's, or another's of the fleet. */
  readonly isOurs: (address: HostPort) => boolean;
};

/** Goes to peers of one torrent, to download from them. */
export class DownloadPeers {
  readonly #ports: DownloadPeersPorts;
  readonly #infoHash: InfoHash;
  readonly #known: KnownPeers;
  #started = false;
  #stopped = false;

  constructor(ports: DownloadPeersPorts, infoHash: InfoHash) {
    this.#ports = ports;
    this.#infoHash = infoHash;
    this.#known = new KnownPeers(ports.isOurs);
  }

  /** Whether more addresses would be of use. */
  get wantsMore(): boolean {
    return this.#known.wantsMore;
  }

  /** Somebody named these. */
  add(addresses: readonly HostPort[]): void {
    if (this.#stopped) return;
    this.#known.add(addresses, this.#ports.clock.nowMs());
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
    for (const address of this.#known.next(this.#ports.clock.nowMs())) void this.#dial(address);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #dial(address: HostPort): Promise<void> {
    const ended = (reason: CloseReason): void => {
      if (reason === "piece-corrupt") this.#known.ban(address);
      this.#known.ended(address, this.#ports.clock.nowMs());
    };
    const peer = { askedAs: this.#infoHash, address };
    const failure = await this.#ports.peers.dialToDownload(peer, ended);
    if (failure === null) this.#known.connected(address);
    else {
      if (failure === "own-peer-id") this.#known.ban(address);
      this.#known.ended(address, this.#ports.clock.nowMs());
    }
  }
}
