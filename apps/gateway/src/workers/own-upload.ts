import type { GatewayLimits } from "@seedfleet/egress";
import type { PeerHost } from "../peers/peer-host.ts";
import type { Torrent } from "../torrents/torrent.ts";
import type { UploadLimiter } from "../upload/upload-limiter.ts";
import type { GatewayDemand, TorrentPart } from "../upload/upload-limits.ts";
import type { UploadHolder } from "./split-upload.ts";

/**
 * The upload of this thread's own peers beside that of the other threads: peers that came before
 * those listened stay here, and the gateway's limits hold for them all together.
 */
export class OwnUpload implements UploadHolder {
  readonly #host: Pick<PeerHost, "hasPeers" | "countServed">;
  readonly #limiter: Pick<UploadLimiter, "demand" | "setLimits" | "setTorrent">;

  constructor(
    host: Pick<PeerHost, "hasPeers" | "countServed">,
    limiter: Pick<UploadLimiter, "demand" | "setLimits" | "setTorrent">,
  ) {
    this.#host = host;
    this.#limiter = limiter;
  }

  get hasPeers(): boolean {
    return this.#host.hasPeers;
  }

  get demand(): GatewayDemand {
    return this.#limiter.demand();
  }

  countServed(): ReadonlyMap<Torrent, number> {
    return this.#host.countServed();
  }

  setLimits(limits: GatewayLimits): void {
    this.#limiter.setLimits(limits);
  }

  setTorrent(torrent: Torrent, part: TorrentPart): void {
    this.#limiter.setTorrent(torrent, part);
  }
}
