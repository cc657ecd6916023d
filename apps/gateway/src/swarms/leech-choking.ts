import {
  autoSlots,
  BEP3_UNCHOKE_SLOTS,
  CHOKE_ROUND_INTERVAL_MS,
  initialLeechState,
  type LeechConfig,
  type LeechPeer,
  type LeechState,
  leechRound,
  OPTIMISTIC_UNCHOKE_INTERVAL_MS,
  type PeerKey,
  rankedCount,
  settleLeech,
  type UnchokeDecision,
} from "@seedfleet/choker";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import type { Torrent } from "../torrents/torrent.ts";
import { ChokingHistory } from "./choking-history.ts";
import type { ChokingConfig } from "./swarm-choking.ts";
import type { SwarmMember } from "./swarm-member.ts";
import type { SwarmSlots } from "./swarm-slots.ts";

/**
 * Who of one swarm's peers here may download while the torrent is downloaded here itself: tit for
 * tat (BEP 3). Each gateway decides it alone, since what peers give it is what it has to go by.
 */
export class LeechChoking implements SwarmSlots {
  readonly history: ChokingHistory = new ChokingHistory();
  readonly #clock: Clock;
  readonly #config: Pick<ChokingConfig, "unchokeSlots">;
  readonly #torrent: Torrent;
  readonly #members: ReadonlyMap<PeerKey, SwarmMember>;
  readonly #cancelRounds: CancelTimer;
  #state: LeechState;
  #round = 0;
  #slots: number;

  constructor(
    clock: Clock,
    config: Pick<ChokingConfig, "unchokeSlots">,
    swarm: { readonly torrent: Torrent; readonly members: ReadonlyMap<PeerKey, SwarmMember> },
  ) {
    this.#clock = clock;
    this.#config = config;
    this.#torrent = swarm.torrent;
    this.#members = swarm.members;
    this.#state = initialLeechState(Number.parseInt(swarm.torrent.infoHash.slice(0, 8), 16));
    this.#slots = config.unchokeSlots === "auto" ? BEP3_UNCHOKE_SLOTS : config.unchokeSlots;
    this.#cancelRounds = clock.every(CHOKE_ROUND_INTERVAL_MS, () => this.#decide());
  }

  get holding(): number {
    return this.#count(({ amChoking, peerInterested }) => !amChoking && peerInterested);
  }

  get interested(): number {
    return this.#count(({ peerInterested }) => peerInterested);
  }

  get slots(): number {
    return this.#slots;
  }

  interestChanged(): void {
    this.#settle();
  }

  left({ peerKey }: SwarmMember): void {
    this.history.left(peerKey);
    this.#settle();
  }

  stop(): void {
    this.#cancelRounds();
  }

  #decide(): void {
    const nowMs = this.#clock.nowMs();
    for (const member of this.#members.values()) member.sampleRate(nowMs);
    if (this.#members.size === 0) return;
    const { pieceLengthBytes } = this.#torrent.metainfo;
    const snapshots = Array.from(this.#members.values(), (each) => each.snapshot(pieceLengthBytes));
    if (this.#config.unchokeSlots === "auto") this.#slots = autoSlots(this.#slots, snapshots);
    const { state, decisions } = leechRound(this.#state, this.#peers(), this.#leechConfig, nowMs);
    this.#state = state;
    this.#round += 1;
    const wanting = rankedCount(decisions);
    this.history.round({ decisions, decidedBy: null, wanting, atMs: nowMs, round: this.#round });
    this.#apply(decisions, nowMs);
  }

  #settle(): void {
    const nowMs = this.#clock.nowMs();
    if (this.holding < this.#slots) this.#welcome();
    const { state, decisions } = settleLeech(this.#state, this.#peers(), this.#leechConfig, nowMs);
    this.#state = state;
    for (const decision of decisions) this.history.change(decision, nowMs);
    this.#apply(decisions, nowMs);
  }

  /** Who came since the last round need not wait for the next while slots are free. */
  #welcome(): void {
    const { rotation } = this.#state;
    const known = new Set(rotation);
    const newcomers = [...this.#members.keys()].filter((peerKey) => !known.has(peerKey));
    this.#state = { ...this.#state, rotation: [...rotation, ...newcomers] };
  }

  #apply(decisions: readonly UnchokeDecision[], nowMs: number): void {
    for (const { peerKey, decision } of decisions) {
      const member = this.#members.get(peerKey);
      if (decision === "choked") member?.choke();
      else member?.unchoke(nowMs);
    }
  }

  get #leechConfig(): LeechConfig {
    return {
      unchokeSlots: this.#slots,
      optimisticUnchokeIntervalMs: OPTIMISTIC_UNCHOKE_INTERVAL_MS,
    };
  }

  #peers(): readonly LeechPeer[] {
    const { pieceLengthBytes } = this.#torrent.metainfo;
    return Array.from(this.#members.values(), (each) => each.leechSnapshot(pieceLengthBytes));
  }

  #count(is: (member: SwarmMember) => boolean): number {
    let count = 0;
    for (const member of this.#members.values()) if (is(member)) count += 1;
    return count;
  }
}
