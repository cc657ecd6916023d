import { type GatewayPresence, PRESENCE_HOT_MAX } from "@seedfleet/contracts";
import type { Clock } from "@seedfleet/runtime";
import type { PieceCache } from "../blocks/piece-cache.ts";
import type { PeerSide } from "../peer-side.ts";
import { RollingRate } from "../swarms/rolling-rate.ts";
import type { Swarms } from "../swarms/swarms.ts";
import type { Torrents } from "../torrents/torrents.ts";
import { hottestTorrents } from "./hottest-torrents.ts";
import type { Reachability } from "./reachability.ts";

/** Whoever asks who is there may do so often; what it costs to say is paid once in so long. */
const FRESH_MS = 100;

type PresencePorts = {
  readonly clock: Clock;
  readonly cache: Pick<PieceCache, "byteLength">;
  readonly peers: Pick<PeerSide, "sentBytes">;
  readonly reachability: Pick<Reachability, "isReachable">;
  readonly swarms: Pick<Swarms, "peerCount">;
  readonly torrents: Pick<Torrents, "known">;
};

/** What this gateway's presence says of its work: gathered when presence is told, not before. */
export class GatewayWork {
  readonly #ports: PresencePorts;
  readonly #limits: { readonly peersMax: number; readonly cacheBytes: number };
  readonly #rate: RollingRate;
  #said: GatewayPresence | null = null;
  #saidAtMs = 0;

  constructor(
    ports: PresencePorts,
    limits: { readonly peersMax: number; readonly cacheBytes: number },
  ) {
    this.#ports = ports;
    this.#limits = limits;
    this.#rate = new RollingRate(ports.clock.nowMs());
  }

  describe(): GatewayPresence {
    const nowMs = this.#ports.clock.nowMs();
    if (this.#said !== null && nowMs - this.#saidAtMs < FRESH_MS) return this.#said;
    this.#said = this.#gather(nowMs);
    this.#saidAtMs = nowMs;
    return this.#said;
  }

  #gather(nowMs: number): GatewayPresence {
    const { cache, peers, reachability, swarms, torrents } = this.#ports;
    const { peersMax, cacheBytes: cacheBytesMax } = this.#limits;
    return {
      peers: swarms.peerCount,
      peersMax,
      uploadBytesPerSecond: Math.round(this.#rate.sample(peers.sentBytes, nowMs)),
      cacheBytes: cache.byteLength,
      cacheBytesMax,
      hot: hottestTorrents(torrents.known(), PRESENCE_HOT_MAX),
      reachable: reachability.isReachable,
    };
  }
}
