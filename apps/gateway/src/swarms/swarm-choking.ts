import type { Bus } from "@seedfleet/bus";
import {
  CHOKE_ROUND_INTERVAL_MS,
  type ChokeDecision,
  type ChokerConfig,
  type ChokerState,
  chokeRound,
  initialChokerState,
  type PeerKey,
  peerKey,
  settleSlots,
} from "@seedfleet/choker";
import { chokeRoundCall, PEERS_PER_ROUND_MAX } from "@seedfleet/contracts";
import { type PresenceWatch, rendezvous } from "@seedfleet/fleet";
import { type CancelTimer, type Clock, errorCode } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { Torrent } from "../torrents/torrent.ts";
import type { SwarmMember } from "./swarm-member.ts";

export type ChokingPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly presence: PresenceWatch;
};

export type ChokingConfig = ChokerConfig & { readonly gateway: string };

/**
 * Who of one swarm's peers here may download. Every 10 s the swarm's scheduler is asked; when it
 * does not answer in time the same pure function decides on the peers of this gateway alone. In
 * between, a free slot goes at once to whoever wants it.
 */
export class SwarmChoking {
  readonly #ports: ChokingPorts;
  readonly #config: ChokingConfig;
  readonly #torrent: Torrent;
  readonly #members: ReadonlyMap<PeerKey, SwarmMember>;
  readonly #cancel: CancelTimer;
  #state: ChokerState;
  #holding = 0;
  /** How many peers want one. */
  #interested = 0;
  #alone = false;

  constructor(
    ports: ChokingPorts,
    config: ChokingConfig,
    swarm: {
      readonly torrent: Torrent;
      readonly members: ReadonlyMap<PeerKey, SwarmMember>;
    },
  ) {
    this.#ports = ports;
    this.#config = config;
    this.#torrent = swarm.torrent;
    this.#members = swarm.members;
    this.#state = initialChokerState(config);
    this.#cancel = ports.clock.every(CHOKE_ROUND_INTERVAL_MS, () => void this.#round());
  }

  /** How many peers hold a slot. */
  get holding(): number {
    return this.#holding;
  }

  /** How many peers want one. */
  get interested(): number {
    return this.#interested;
  }

  /**
   * A peer came to want, or ceased to want, what we have. Nobody waits while a slot is free, so
   * only a slot that comes free has the others looked at: a crowd that comes costs nothing each.
   */
  interestChanged(member: SwarmMember): void {
    this.#interested += member.peerInterested ? 1 : -1;
    if (member.peerInterested) {
      if (this.#holding >= this.#state.unchokeSlots) return;
      this.#holding += 1;
      member.unchoke(this.#ports.clock.nowMs());
    } else if (!member.amChoking) {
      member.choke();
      this.#slotFreed();
    }
  }

  /** A peer is gone. */
  left(member: SwarmMember): void {
    if (member.peerInterested) this.#interested -= 1;
    if (!member.amChoking) this.#slotFreed();
  }

  stop(): void {
    this.#cancel();
  }

  async #round(): Promise<void> {
    const { clock } = this.#ports;
    for (const member of this.#members.values()) member.sampleRate(clock.nowMs());
    if (this.#interested === 0 && this.#holding === 0) return;
    const decisions = (await this.#ask()) ?? this.#decideAlone();
    this.#apply(decisions);
    this.#settle();
  }

  /** The scheduler's decisions, or null when there is none to be had in time. */
  async #ask(): Promise<readonly ChokeDecision[] | null> {
    const { bus, clock, presence } = this.#ports;
    const { infoHash } = this.#torrent;
    const ids = presence.available("choking-scheduler").map(({ id }) => id);
    const scheduler = rendezvous(infoHash, ids);
    if (scheduler === null) return this.#without("no-scheduler");
    if (this.#members.size > PEERS_PER_ROUND_MAX) return this.#without("too-many-peers");
    const { gateway, unchokeSlots } = this.#config;
    const request = { gateway, infoHash, unchokeSlots, peers: this.#snapshots() };
    const askedAtMs = clock.nowMs();
    try {
      const reply = await bus.call(chokeRoundCall, { scheduler }, request);
      if (clock.nowMs() - askedAtMs > reply.validForMs) return this.#without("too-late");
      this.#state = { ...this.#state, unchokeSlots: reply.unchokeSlots };
      this.#tellWhoDecides(null);
      return reply.decisions.map((decision) => ({
        ...decision,
        peerKey: peerKey(decision.peerKey),
      }));
    } catch (error) {
      return this.#without(errorCode(error) ?? "unknown");
    }
  }

  #decideAlone(): readonly ChokeDecision[] {
    const nowMs = this.#ports.clock.nowMs();
    const { state, decisions } = chokeRound(this.#state, this.#snapshots(), this.#config, nowMs);
    this.#state = state;
    return decisions;
  }

  #slotFreed(): void {
    this.#holding -= 1;
    if (this.#interested > this.#holding) this.#settle();
  }

  #settle(): void {
    this.#apply(settleSlots(this.#snapshots(), this.#state.unchokeSlots));
  }

  /** Those that left or lost interest since the snapshot are passed over. */
  #apply(decisions: readonly ChokeDecision[]): void {
    const nowMs = this.#ports.clock.nowMs();
    for (const { peerKey, unchoked } of decisions) {
      const member = this.#members.get(peerKey);
      if (member === undefined) continue;
      if (unchoked && member.peerInterested) member.unchoke(nowMs);
      else member.choke();
    }
    this.#holding = 0;
    for (const member of this.#members.values()) if (!member.amChoking) this.#holding += 1;
  }

  #snapshots() {
    return Array.from(this.#members.values(), (member) => member.snapshot());
  }

  #without(reason: string): null {
    this.#tellWhoDecides(reason);
    return null;
  }

  /** Once at each change, not once a round. */
  #tellWhoDecides(failure: string | null): void {
    const alone = failure !== null;
    if (alone === this.#alone) return;
    this.#alone = alone;
    const { log } = this.#ports.telemetry;
    const fields = { infoHash: this.#torrent.infoHash, reason: failure };
    if (alone) log.warn("scheduler silent, choking decided here", fields);
    else log.info("scheduler answers again", fields);
  }
}
