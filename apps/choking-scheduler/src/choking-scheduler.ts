import type { Bus, Subscription } from "@seedfleet/bus";
import {
  CHOKE_ROUND_INTERVAL_MS,
  type ChokerState,
  chokeRound,
  initialChokerState,
  OPTIMISTIC_UNCHOKE_INTERVAL_MS,
  peerKey,
} from "@seedfleet/choker";
import {
  chokeRoundCall,
  type Presence,
  type RoundReply,
  type RoundRequest,
} from "@seedfleet/contracts";
import { announcePresence, type PresenceAnnouncer } from "@seedfleet/fleet";
import { type CancelTimer, type Clock, VERSION } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import { serveEgress } from "./fleet-egress.ts";

/** A decision that comes later than half a round is of a swarm that has moved on. */
const ROUND_VALID_MS: number = CHOKE_ROUND_INTERVAL_MS / 2;

/** A swarm nobody asked about for so long is forgotten; its rotation starts anew. */
const SWARM_FORGOTTEN_MS: number = 6 * CHOKE_ROUND_INTERVAL_MS;

export type SchedulerPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
};

export interface RunningScheduler extends AsyncDisposable {
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  drain(): Promise<void>;
}

type Rotation = {
  readonly state: ChokerState;
  readonly round: number;
  readonly askedAtMs: number;
  /** Who held a slot after the last round, to tell a round that changed something. */
  readonly unchoked: string;
};

/** Answers the choke rounds of the gateways. Keeps each swarm's rotation and nothing else. */
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
  /** By gateway and info hash. */
  readonly #rotations = new Map<string, Rotation>();
  readonly #served: Subscription;
  readonly #egress: { stop(): void };
  readonly #announcer: PresenceAnnouncer;
  readonly #cancelForget: CancelTimer;
  readonly #rounds;
  #draining = false;

  constructor(ports: SchedulerPorts, id: string) {
    const { bus, clock, telemetry } = ports;
    this.#ports = ports;
    this.#id = id;
    this.#startedAtMs = clock.nowMs();
    this.#rounds = telemetry.meter.counter(
      "seedfleet_choking_scheduler_rounds",
      "Choke rounds decided",
    );
    telemetry.meter.gauge(
      "seedfleet_choking_scheduler_swarms",
      "Swarms whose rotation is kept",
      () => this.#rotations.size,
    );
    this.#served = bus.serve(chokeRoundCall, { params: { scheduler: id } }, (request) =>
      this.#decide(request),
    );
    this.#egress = serveEgress(ports, id);
    this.#announcer = announcePresence(ports, () => this.#describe());
    this.#cancelForget = clock.every(SWARM_FORGOTTEN_MS, () => this.#forgetIdle());
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
    this.#egress.stop();
    this.#cancelForget();
  }

  #decide({ gateway, infoHash, unchokeSlots, peers }: RoundRequest): RoundReply {
    const nowMs = this.#ports.clock.nowMs();
    const config = { unchokeSlots, optimisticUnchokeIntervalMs: OPTIMISTIC_UNCHOKE_INTERVAL_MS };
    const key = `${gateway} ${infoHash}`;
    const last = this.#rotations.get(key);
    const { state, decisions } = chokeRound(
      last?.state ?? initialChokerState(config),
      peers.map((peer) => ({ ...peer, peerKey: peerKey(peer.peerKey) })),
      config,
      nowMs,
    );
    const holders = decisions.filter(({ unchoked }) => unchoked).map((each) => each.peerKey);
    const rotation: Rotation = {
      state,
      round: (last?.round ?? 0) + 1,
      askedAtMs: nowMs,
      unchoked: holders.toSorted().join(" "),
    };
    this.#rotations.set(key, rotation);
    this.#rounds.add(1);
    this.#logRound(rotation, last, {
      gateway,
      infoHash,
      peers: peers.length,
      interested: peers.filter(({ peerInterested }) => peerInterested).length,
      unchoked: holders.length,
    });
    return {
      round: rotation.round,
      validForMs: ROUND_VALID_MS,
      unchokeSlots: state.unchokeSlots,
      decisions,
    };
  }

  /** A round that changed nothing is not worth an operator's line. */
  #logRound(
    rotation: Rotation,
    last: Rotation | undefined,
    counts: Readonly<Record<string, string | number>>,
  ): void {
    const { log } = this.#ports.telemetry;
    const { round, state } = rotation;
    const { unchokeSlots, optimistic } = state;
    const fields = { ...counts, round, unchokeSlots, optimistic };
    if (rotation.unchoked === last?.unchoked) log.debug("choke round", fields);
    else log.info("choke round", fields);
  }

  #forgetIdle(): void {
    const nowMs = this.#ports.clock.nowMs();
    for (const [key, { askedAtMs }] of this.#rotations) {
      if (nowMs - askedAtMs > SWARM_FORGOTTEN_MS) this.#rotations.delete(key);
    }
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
