import type { Bus } from "@seedfleet/bus";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { GatewayCheckup, GatewayPresence, HostPort } from "@seedfleet/contracts";
import type { Clock } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { PieceCache } from "../blocks/piece-cache.ts";
import type { GatewayConfig } from "../config.ts";
import type { PieceFills } from "../fills/piece-fills.ts";
import { Preheats } from "../fills/preheats.ts";
import type { PeerSide } from "../peer-side.ts";
import type { Swarms } from "../swarms/swarms.ts";
import type { Torrents } from "../torrents/torrents.ts";
import { GatewayWork } from "./gateway-presence.ts";
import { Reachability } from "./reachability.ts";
import { serveCommands } from "./serve-commands.ts";

export type OperationsPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly cache: PieceCache;
  readonly fills: PieceFills;
  readonly peers: Pick<PeerSide, "admission" | "sentBytes">;
  readonly swarms: Swarms;
  readonly torrents: Torrents;
  /** Has the process drain and end, as a signal does. */
  readonly requestStop: () => void;
};

export type OperationsConfig = Pick<GatewayConfig, "peersMax" | "cacheBytes" | "encryption"> & {
  readonly id: string;
  /** Where peers are told to connect. */
  readonly address: HostPort;
  readonly ownPeerId: PeerId;
};

/** What an operator sees of a gateway and may have it do. */
export class GatewayOperations implements Disposable {
  readonly reachability: Reachability;
  readonly #preheats: Preheats;
  readonly #work: GatewayWork;
  readonly #commands: Disposable;
  readonly #said: Pick<GatewayCheckup, "peerId" | "encryption">;

  constructor(ports: OperationsPorts, config: OperationsConfig) {
    const { telemetry, peers } = ports;
    const { log, meter } = telemetry;
    const isFull = (): boolean => peers.admission.count >= config.peersMax;
    this.reachability = new Reachability({ ...ports, log, meter, isFull }, config);
    this.#said = { peerId: config.ownPeerId, encryption: config.encryption };
    this.#preheats = new Preheats(ports, config);
    this.#work = new GatewayWork({ ...ports, reachability: this.reachability }, config);
    this.#commands = serveCommands({ ...ports, log, preheats: this.#preheats }, config.id);
  }

  isPreheating(infoHash: InfoHash): boolean {
    return this.#preheats.isAt(infoHash);
  }

  describe(): GatewayPresence {
    return this.#work.describe();
  }

  /** Looks at itself for whoever wants to know what is wrong. */
  async examine(): Promise<{ readonly gateway: GatewayCheckup }> {
    return { gateway: { ...this.#said, ...(await this.reachability.examine()) } };
  }

  /** The gateway is on its way out: nothing of its own accord any more. It still answers. */
  leave(): void {
    this.reachability.stop();
    this.#preheats.stop();
  }

  [Symbol.dispose](): void {
    this.leave();
    this.#commands[Symbol.dispose]();
  }
}
