import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { egressCall, SWARMS_PER_ASK_MAX, type SwarmSize } from "@seedfleet/contracts";
import { HeldParts } from "@seedfleet/egress";
import { type BudgetWatch, type PresenceWatch, rendezvous } from "@seedfleet/fleet";
import { type CancelTimer, type Clock, errorCode } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { Torrent } from "../torrents/torrent.ts";
import { budgetDemands, type OwnBudget, ownBudgets, uploadParts } from "./budget-demands.ts";
import type { GatewayDemand, UploadParts, UploadSettings } from "./upload-limits.ts";

/** How often parts follow demand: with less, more than 5 % goes unused when demand moves. */
export const BUDGET_ASK_INTERVAL_MS = 500;

/** As often as slots are given out. */
const SWARMS_INTERVAL_MS = 10_000;

/** Gateways whose question is answered ask at most so far apart, a call that fails among them. */
const ASK_SKEW_MS = 2_500;

/** Whose parts everybody asks of one scheduler. */
const BUDGETS_KEY = "egress";

/** Whoever sends no more than its parts let it. */
export interface KeepsToParts {
  uploadDemand(): GatewayDemand;
  setUploadParts(parts: UploadParts): void;
}

type KeeperPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly presence: PresenceWatch;
  readonly budgets: BudgetWatch;
  readonly peers: KeepsToParts;
  /** The busiest first. */
  readonly swarms: () => readonly SwarmSize[];
};

/**
 * Keeps this gateway's upload to its parts of the fleet's budgets. One scheduler splits them, by
 * what each gateway wants; while there is none the parts stand until they expire, and from there
 * each gateway that is there has as much as the others.
 */
export class BudgetKeeper {
  readonly #ports: KeeperPorts;
  readonly #gateway: string;
  readonly #settings: UploadSettings;
  readonly #held = new HeldParts({ skewMs: ASK_SKEW_MS });
  readonly #cancel: CancelTimer;
  #part: number | null = null;
  /** Whether peers are kept to parts now. */
  #isBound = false;
  /** Whether somebody counts parts of ours. */
  #hadBudgets = false;
  #swarmsAtMs: number;
  /** How many leechers and seeders swarms have over all gateways, as was told last. */
  #sizes: ReadonlyMap<InfoHash, SwarmSize> = new Map();
  #asking = false;
  #alone = false;

  constructor(ports: KeeperPorts, config: { readonly id: string } & UploadSettings) {
    this.#ports = ports;
    this.#gateway = config.id;
    this.#settings = config;
    this.#swarmsAtMs = ports.clock.nowMs() + SWARMS_INTERVAL_MS;
    this.#cancel = ports.clock.every(BUDGET_ASK_INTERVAL_MS, () => this.#tick());
    ports.telemetry.meter.gauge(
      "seedfleet_gateway_fleet_budget_bytes_per_second",
      "This gateway's part of the fleet's budget; 0 where there is none",
      () => this.#part ?? 0,
    );
    // Bound from the start; whom to ask is known once schedulers have been heard.
    this.#apply(ownBudgets(ports.budgets.now, ports.peers.uploadDemand(), config), []);
  }

  /** What this gateway may send a second, by its own limit and its part; null is no limit. */
  get uplinkBytesPerSecond(): number | null {
    const { uploadBytesPerSecond: limit } = this.#settings;
    if (limit === null || this.#part === null) return limit ?? this.#part;
    return Math.min(limit, this.#part);
  }

  /** Over all gateways; null where nobody told of it lately. */
  sizeOf(infoHash: InfoHash): SwarmSize | null {
    return this.#sizes.get(infoHash) ?? null;
  }

  /** Gives its parts to the others. */
  stop(): void {
    this.#cancel();
    if (!this.#hadBudgets) return;
    const scheduler = this.#scheduler();
    const request = { gateway: this.#gateway, gateways: this.#gateways, demands: [], swarms: null };
    // If it is not heard of, its parts expire.
    if (scheduler !== null)
      this.#ports.bus.call(egressCall, { scheduler }, request).catch(() => {});
  }

  get #gateways(): number {
    const ids = this.#ports.presence.present("gateway").map(({ id }) => id);
    return new Set([...ids, this.#gateway]).size;
  }

  #scheduler(): string | null {
    const schedulers = this.#ports.presence.available("choking-scheduler").map(({ id }) => id);
    return rendezvous(BUDGETS_KEY, schedulers);
  }

  #tick(): void {
    const { budgets, clock, peers } = this.#ports;
    const demand = peers.uploadDemand();
    const own = ownBudgets(budgets.now, demand, this.#settings);
    const torrents = [...demand.torrents.keys()];
    this.#held.keep(new Set(own.map(({ name }) => name)));
    this.#apply(own, torrents);
    const swarmsAreDue = clock.nowMs() >= this.#swarmsAtMs;
    const isWorthIt = own.length > 0 || this.#hadBudgets || swarmsAreDue;
    if (this.#asking || !isWorthIt) return;
    const swarms = swarmsAreDue ? this.#swarms() : null;
    if (swarmsAreDue) this.#swarmsAtMs = clock.nowMs() + SWARMS_INTERVAL_MS;
    this.#asking = true;
    void this.#ask(own, swarms).finally(() => {
      this.#asking = false;
      this.#hadBudgets = own.length > 0;
      this.#apply(own, torrents);
    });
  }

  #swarms(): readonly SwarmSize[] {
    const busiest = this.#ports.swarms().slice(0, SWARMS_PER_ASK_MAX);
    return busiest.map(({ infoHash, leechers, seeders }) => ({ infoHash, leechers, seeders }));
  }

  #apply(own: readonly OwnBudget[], torrents: readonly Torrent[]): void {
    if (own.length === 0 && !this.#isBound) return;
    const parts = uploadParts(own, torrents, (budget) => this.#partOf(budget));
    this.#part = parts.gateway;
    this.#isBound = own.length > 0;
    this.#ports.peers.setUploadParts(parts);
  }

  #partOf({ name, bytesPerSecond }: OwnBudget): number {
    const of = { budgetBytesPerSecond: bytesPerSecond, holders: this.#gateways };
    return this.#held.part(name, of, this.#ports.clock.nowMs());
  }

  async #ask(own: readonly OwnBudget[], swarms: readonly SwarmSize[] | null): Promise<void> {
    const { bus, clock } = this.#ports;
    const scheduler = this.#scheduler();
    if (scheduler === null) return this.#tellWhoSplits("no-scheduler", own);
    const askedAtMs = clock.nowMs();
    const request = {
      ...{ gateway: this.#gateway, gateways: this.#gateways, swarms },
      demands: budgetDemands(own, (budget) => this.#partOf(budget)),
    };
    try {
      const reply = await bus.call(egressCall, { scheduler }, request);
      for (const [index, { name, bytesPerSecond: budgetBytesPerSecond }] of own.entries()) {
        const bytesPerSecond = Math.min(reply.parts[index] ?? 0, budgetBytesPerSecond);
        const untilMs = askedAtMs + reply.validForMs;
        this.#held.give(name, { bytesPerSecond, budgetBytesPerSecond, untilMs });
      }
      this.#noteSums(swarms ?? [], reply.swarms ?? []);
      this.#tellWhoSplits(null, own);
    } catch (error) {
      this.#tellWhoSplits(errorCode(error) ?? "failed", own);
    }
  }

  #noteSums(swarms: readonly SwarmSize[], sums: readonly (readonly [number, number])[]): void {
    if (swarms.length === 0) return;
    const summed = swarms.map(({ infoHash, ...here }, index): [InfoHash, SwarmSize] => {
      const [leechers = here.leechers, seeders = here.seeders] = sums[index] ?? [];
      return [infoHash, { infoHash, leechers, seeders }];
    });
    this.#sizes = new Map(summed);
  }

  /** Once at each change, and only where there is something to split. */
  #tellWhoSplits(failure: string | null, own: readonly OwnBudget[]): void {
    const alone = failure !== null;
    if (alone === this.#alone || own.length === 0) return;
    this.#alone = alone;
    const { log } = this.#ports.telemetry;
    if (alone) log.warn("nobody splits the fleet's budgets", { reason: failure });
    else log.info("the fleet's budgets are split again");
  }
}
