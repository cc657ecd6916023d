import type { Bus, Subscription } from "@seedfleet/bus";
import { mirrorClaimsEvent } from "@seedfleet/contracts";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import { type SharedBy, SharedDownload } from "./shared-download.ts";
import type { TorrentDownload } from "./torrent-download.ts";

/** What was begun within this goes into one message. */
const CLAIM_INTERVAL_MS = 200;

export type MirrorSharePorts = { readonly bus: Bus; readonly clock: Clock };

/** Has the gateways that download one torrent together tell each other what they have begun. */
export class MirrorShare {
  readonly #ports: MirrorSharePorts;
  readonly #by: SharedBy;
  readonly #shared: SharedDownload;
  readonly #subscription: Subscription;
  readonly #cancelTick: CancelTimer;

  constructor(ports: MirrorSharePorts, download: TorrentDownload, by: SharedBy) {
    this.#ports = ports;
    this.#by = by;
    const { bus, clock } = ports;
    this.#shared = new SharedDownload(download, by);
    const params = { infoHash: by.infoHash };
    this.#subscription = bus.subscribe(mirrorClaimsEvent, { params }, (claims) => {
      this.#shared.heard(claims, clock.nowMs());
    });
    this.#cancelTick = clock.every(CLAIM_INTERVAL_MS, () => this.#tick());
  }

  /** Null of whoever downloads alone. */
  static of(ports: MirrorSharePorts, download: TorrentDownload, by: SharedBy): MirrorShare | null {
    return by.gateways.length < 2 ? null : new MirrorShare(ports, download, by);
  }

  verified(piece: number): void {
    this.#shared.verified(piece);
  }

  /** Others need not wait for what is begun here. */
  end(): void {
    this.#cancelTick();
    this.#subscription.unsubscribe();
    this.#shared.end();
    this.#tell([]);
  }

  #tick(): void {
    const pieces = this.#shared.tick(this.#ports.clock.nowMs());
    if (pieces !== null) this.#tell(pieces);
  }

  #tell(pieces: readonly number[]): void {
    const { infoHash, gateway } = this.#by;
    this.#ports.bus.publish(mirrorClaimsEvent, { infoHash }, { gateway, pieces });
  }
}
