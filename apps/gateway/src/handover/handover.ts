import type { Bus, Subscription } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { HANDED_ADDRESSES_MAX, peersHandedEvent } from "@seedfleet/contracts";
import type { PresenceWatch } from "@seedfleet/fleet";
import { type CancelTimer, type Clock, delay, errorMessage } from "@seedfleet/runtime";
import type { Counter, Telemetry } from "@seedfleet/telemetry";
import type { PeerSide } from "../peer-side.ts";
import type { Swarms } from "../swarms/swarms.ts";
import type { Torrents } from "../torrents/torrents.ts";
import { type HandedOutcome, HandedQueue } from "./handed-queue.ts";
import { addressKey, groupLeechers, type Leecher, leechersOf } from "./leecher.ts";
import { LeftLeechersStore } from "./left-leechers.ts";
import { splitLeechers } from "./split-leechers.ts";

/** Connections being opened at once: most that fail take 5 s, and nobody is to wait a minute. */
export const HANDED_DIALS_MAX = 256;

const LOOK_INTERVAL_MS = 100;

/** Gateways that are stopped together have all said that they drain within this. */
const HEAR_DRAINS_MS = 250;

type HandoverPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly presence: Pick<PresenceWatch, "available">;
  readonly torrents: Pick<Torrents, "current">;
  readonly swarms: Pick<Swarms, "leechers" | "listeners">;
  readonly peers: Pick<PeerSide, "admission" | "dial">;
};

type HandoverConfig = {
  readonly id: string;
  readonly zone: string | null;
  readonly peersMax: number;
};

/**
 * The leechers of gateways that drain: this one's are handed to the others, and theirs are gone to
 * here. A client comes back by itself only to a gateway that has not left it lately, so that two
 * which are restarted one after the other would leave it without any.
 */
export class Handover {
  readonly #ports: HandoverPorts;
  readonly #config: HandoverConfig;
  readonly #queue = new HandedQueue();
  readonly #outcomes: Counter;
  readonly #told: Subscription;
  #store: LeftLeechersStore | null = null;
  #cancelLook: CancelTimer | null = null;
  #leaving = false;
  #stopped = false;
  /** Leechers that came since the log said how many. */
  #unsaid = 0;

  constructor(ports: HandoverPorts, config: HandoverConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#outcomes = ports.telemetry.meter.counter(
      "seedfleet_gateway_handed_leechers",
      "Leechers of gateways that left, by what came of them here",
    );
    const params = { gateway: config.id };
    this.#told = ports.bus.subscribe(peersHandedEvent, { params }, (handed) =>
      this.#takeOver(leechersOf(handed)),
    );
  }

  /** From now on takes over also what gateways left while there was none. */
  async open(): Promise<void> {
    const { log } = this.#ports.telemetry;
    const found = (leechers: readonly Leecher[]): void => this.#takeOver(leechers);
    try {
      const store = await LeftLeechersStore.open({ ...this.#ports, log, found }, this.#config);
      if (this.#leaving) store.stop();
      else this.#store = store;
    } catch (error) {
      // Such as a user of NATS that may not: it seeds all the same.
      log.warn("leechers that were left not looked for", { reason: errorMessage(error) });
    }
  }

  /** Hands this gateway's leechers to the others, and those that it was to go to. Once. */
  async leave(): Promise<void> {
    const { clock, swarms, telemetry } = this.#ports;
    if (this.#leaving) return;
    this.#leaving = true;
    this.#store?.stop();
    const here = swarms.leechers();
    if (here.length > 0 || !this.#queue.isEmpty) await delay(clock, HEAR_DRAINS_MS);
    this.stop();
    const leechers = [...here, ...this.#queue.takeAll()];
    if (leechers.length === 0) return;
    const { gateways, left } = this.#handOver(leechers);
    const counts = { leechers: leechers.length, gateways, left: left.length };
    telemetry.log.info("leechers handed over", counts);
    if (left.length > 0) await this.#store?.leave(left);
  }

  /** Goes to nobody any more. */
  stop(): void {
    this.#leaving = true;
    this.#stopped = true;
    this.#told.unsubscribe();
    this.#store?.stop();
    this.#cancelLook?.();
  }

  /** Gives to how many gateways, and those that none could be given. */
  #handOver(leechers: readonly Leecher[]): {
    readonly gateways: number;
    readonly left: readonly Leecher[];
  } {
    const { bus, presence, torrents } = this.#ports;
    const { id, zone } = this.#config;
    const heirs = presence.available("gateway").filter((gateway) => gateway.id !== id);
    const zonesOf = (infoHash: InfoHash): readonly string[] | undefined =>
      torrents.current(infoHash)?.entry.zones;
    const { handed, left } = splitLeechers(leechers, heirs, { zone, zonesOf });
    for (const [gateway, its] of handed) {
      for (const message of groupLeechers(its, HANDED_ADDRESSES_MAX)) {
        bus.publish(peersHandedEvent, { gateway }, message);
      }
    }
    return { gateways: handed.size, left };
  }

  #takeOver(leechers: readonly Leecher[]): void {
    const { clock } = this.#ports;
    if (this.#stopped) return;
    this.#unsaid += leechers.length;
    const dropped = this.#queue.add(leechers, clock.nowMs());
    if (dropped > 0) this.#outcomes.add(dropped, { outcome: "no-room" });
    this.#cancelLook ??= clock.every(LOOK_INTERVAL_MS, () => this.#look());
  }

  #look(): void {
    const { clock, peers, swarms, telemetry } = this.#ports;
    if (this.#leaving) return;
    // There is a message for each torrent, but they come together.
    if (this.#unsaid > 0) telemetry.log.info("leechers taken over", { leechers: this.#unsaid });
    this.#unsaid = 0;
    const countMax = HANDED_DIALS_MAX - this.#queue.diallingCount;
    const listeners = new Map<string, ReadonlySet<string>>();
    for (const leecher of this.#queue.takeDue(clock.nowMs(), countMax)) {
      const { infoHash, address } = leecher;
      const here = listeners.get(infoHash) ?? swarms.listeners(infoHash);
      listeners.set(infoHash, here);
      const hasRoom = peers.admission.count < this.#config.peersMax;
      if (here.has(addressKey(address))) this.#settle(leecher, "came");
      else if (hasRoom) void this.#dial(leecher);
      else this.#settle(leecher, "no-room");
    }
    if (!this.#queue.isEmpty) return;
    this.#cancelLook?.();
    this.#cancelLook = null;
  }

  async #dial(leecher: Leecher): Promise<void> {
    const reason = await this.#ports.peers.dial(leecher);
    // What was on its way then is handed on.
    if (this.#leaving) return;
    const outcome = this.#queue.settled(leecher, reason, this.#ports.clock.nowMs());
    if (outcome !== null) this.#outcomes.add(1, { outcome });
  }

  #settle(leecher: Leecher, outcome: HandedOutcome): void {
    this.#queue.forget(leecher);
    this.#outcomes.add(1, { outcome });
  }
}
