import type { Bus } from "@seedfleet/bus";
import {
  CHOKE_ROUND_INTERVAL_MS,
  type ChokeDecision,
  type ChokerConfig,
  type ChokerState,
  chokeRound,
  initialChokerState,
  peerKey,
  settleSlots,
} from "@seedfleet/choker";
import { chokeRoundCall, PEERS_PER_ROUND_MAX } from "@seedfleet/contracts";
import { type PresenceWatch, rendezvous } from "@seedfleet/fleet";
import { type CancelTimer, type Clock, errorCode } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { PeerConnection } from "./peer-connection.ts";
import type { Torrent } from "./torrent.ts";

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
  readonly #peers: ReadonlyMap<string, PeerConnection>;
  readonly #cancel: CancelTimer;
  #state: ChokerState;
  #holding = 0;
  #alone = false;

  constructor(
    ports: ChokingPorts,
    config: ChokingConfig,
    swarm: { readonly torrent: Torrent; readonly peers: ReadonlyMap<string, PeerConnection> },
  ) {
    this.#ports = ports;
    this.#config = config;
    this.#torrent = swarm.torrent;
    this.#peers = swarm.peers;
    this.#state = initialChokerState(config);
    this.#cancel = ports.clock.every(CHOKE_ROUND_INTERVAL_MS, () => void this.#round());
  }

  /** A peer came to want, or ceased to want, what we have; or it is gone. */
  interestChanged(connection: PeerConnection | null): void {
    const wants = connection?.peerInterested ?? false;
    // The common case in a crowd costs nothing: one more that waits.
    if (wants && this.#holding >= this.#state.unchokeSlots) return;
    this.#settle();
  }

  stop(): void {
    this.#cancel();
  }

  async #round(): Promise<void> {
    const { clock } = this.#ports;
    for (const peer of this.#peers.values()) peer.sampleRate(clock.nowMs());
    if (!this.#anyInterested()) return;
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
    if (this.#peers.size > PEERS_PER_ROUND_MAX) return this.#without("too-many-peers");
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

  #settle(): void {
    this.#apply(settleSlots(this.#snapshots(), this.#state.unchokeSlots));
  }

  /** Those that left or lost interest since the snapshot are passed over. */
  #apply(decisions: readonly ChokeDecision[]): void {
    for (const { peerKey, unchoked } of decisions) {
      const peer = this.#peers.get(peerKey);
      if (peer === undefined) continue;
      if (unchoked && peer.peerInterested) peer.unchoke();
      else peer.choke();
    }
    this.#holding = 0;
    for (const peer of this.#peers.values()) if (!peer.amChoking) this.#holding += 1;
  }

  #snapshots() {
    return Array.from(this.#peers.values(), (peer) => peer.snapshot());
  }

  #anyInterested(): boolean {
    for (const peer of this.#peers.values()) if (peer.peerInterested) return true;
    return this.#holding > 0;
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
