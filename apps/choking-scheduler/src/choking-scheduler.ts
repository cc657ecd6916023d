import type { Bus, Subscription } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { chokeRoundCall, type Presence } from "@seedfleet/contracts";
import { announcePresence, type PresenceAnnouncer } from "@seedfleet/fleet";
import { type Clock, VERSION } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import { serveEgress } from "./fleet-egress.ts";
import { FleetRounds } from "./fleet-rounds.ts";
import { SuperSeedSwarms } from "./super-seed-swarms.ts";
import type { DecidedRound } from "./swarm-rounds.ts";

export type SchedulerPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
};

export interface RunningScheduler extends AsyncDisposable {
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  drain(): Promise<void>;
}

/** Answers the choke rounds of the gateways, and what their leechers are super-seeded. */
export async function startChokingScheduler(
  ports: SchedulerPorts,
  config: { readonly id: string },
): Promise<RunningScheduler> {
  return new ChokingScheduler(ports, config.id);
}

class ChokingScheduler implements RunningScheduler {
  readonly #ports: SchedulerPorts;
  readonly #id: string;
  readonly #startedAtMs: number;
  readonly #rounds: FleetRounds;
  readonly #served: Subscription;
  readonly #superSeeds: SuperSeedSwarms;
  readonly #egress: { stop(): void };
  readonly #announcer: PresenceAnnouncer;
  /** Who held a slot after a swarm's last round, to tell a round that changed something. */
  readonly #holders = new Map<InfoHash, string>();
  readonly #counted;
  #draining = false;

  constructor(ports: SchedulerPorts, id: string) {
    const { bus, clock, telemetry } = ports;
    this.#ports = ports;
    this.#id = id;
    this.#startedAtMs = clock.nowMs();
    this.#counted = telemetry.meter.counter(
      "seedfleet_choking_scheduler_rounds",
      "Choke rounds decided",
    );
    this.#rounds = new FleetRounds(clock, {
      decided: (infoHash, round) => this.#tellRound(infoHash, round),
      forgotten: (infoHash) => this.#holders.delete(infoHash),
    });
    telemetry.meter.gauge(
      "seedfleet_choking_scheduler_swarms",
      "Swarms whose rotation is kept",
      () => this.#rounds.swarmCount,
    );
    this.#served = bus.serve(chokeRoundCall, { params: { scheduler: id } }, (request) =>
      this.#rounds.ask(request),
    );
    this.#superSeeds = new SuperSeedSwarms(ports, id);
    this.#egress = serveEgress(ports, id);
    this.#announcer = announcePresence(ports, () => this.#describe());
    telemetry.log.info("choking scheduler serving");
  }

  ready(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    return { ready: !this.#draining, reasons: this.#draining ? ["draining"] : [] };
  }

  async drain(): Promise<void> {
    this.#draining = true;
    this.#announcer.announce();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    this.#announcer.stop();
    this.#served.unsubscribe();
    this.#superSeeds[Symbol.dispose]();
    this.#egress.stop();
    this.#rounds[Symbol.dispose]();
  }

  /** A round that changed nothing is not worth an operator's line. */
  #tellRound(infoHash: InfoHash, decided: DecidedRound): void {
    this.#counted.add(1);
    const { round, policy, peers, decisions, unchokeSlots, replies } = decided;
    const holders = decisions.flatMap(({ peerKey, decision }) =>
      decision === "choked" ? [] : [peerKey],
    );
    const fields = {
      ...{ infoHash, round, policy, unchokeSlots },
      gateways: replies.size,
      peers: peers.length,
      interested: peers.filter(({ peerInterested }) => peerInterested).length,
      unchoked: holders.length,
    };
    const { log } = this.#ports.telemetry;
    const now = holders.toSorted().join(",");
    if (now === this.#holders.get(infoHash)) log.debug("choke round", fields);
    else log.info("choke round", fields);
    this.#holders.set(infoHash, now);
  }

  #describe(): Presence {
    return {
      role: "choking-scheduler",
      id: this.#id,
      version: VERSION,
      startedAtMs: this.#startedAtMs,
      draining: this.#draining,
      load: 0,
      peerAddress: null,
      gateway: null,
      urls: [],
    };
  }
}
