import type { InfoHash } from "@seedfleet/bytes";
import {
  autoSlots,
  BEP3_UNCHOKE_SLOTS,
  CHOKE_ROUND_INTERVAL_MS,
  fleetRound,
  initialSeedState,
  OPTIMISTIC_UNCHOKE_INTERVAL_MS,
  type PeerKey,
  peerKey,
  rankedCount,
  type SeedState,
  settleSlots,
  type UnchokeDecision,
} from "@seedfleet/choker";
import type { ChokingPolicy } from "@seedfleet/contracts";
import type { RoundPeer } from "@seedfleet/fleet";
import type { CancelTimer } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { Torrent } from "../torrents/torrent.ts";
import { type AskPorts, askScheduler } from "./ask-scheduler.ts";
import { ChokingHistory } from "./choking-history.ts";
import { peersToTell } from "./peers-to-tell.ts";
import type { SwarmMember } from "./swarm-member.ts";
import type { SwarmSlots } from "./swarm-slots.ts";

export type ChokingPorts = AskPorts & {
  readonly telemetry: Telemetry;
  /** How many slots a torrent has while the uplink is full; null leaves it to its own peers. */
  readonly scarceSlots: (infoHash: InfoHash) => number | null;
};

export type ChokingConfig = {
  /** This gateway's name. */
  readonly gateway: string;
  /** Slots of one swarm; `auto` follows the upload rates. */
  readonly unchokeSlots: number | "auto";
  /** Of torrents whose catalog entries name none. */
  readonly chokingPolicy: ChokingPolicy;
};

/** A round's decisions, and who made them: a scheduler, or null for this gateway by itself. */
type Decided = {
  readonly decisions: readonly UnchokeDecision[];
  readonly decidedBy: string | null;
  readonly wanting: number | null;
};

/**
 * Who of one swarm's peers here may download. Every 10 s the swarm's scheduler is asked, which sees
 * the peers of all gateways; when it does not answer in time the same pure function decides on the
 * peers of this gateway alone. In between, a free slot goes at once to whoever wants it.
 */
export class SwarmChoking implements SwarmSlots {
  readonly history: ChokingHistory = new ChokingHistory();
  readonly #ports: ChokingPorts;
  readonly #config: ChokingConfig;
  readonly #torrent: Torrent;
  readonly #members: ReadonlyMap<PeerKey, SwarmMember>;
  #cancelRound: CancelTimer;
  #stopped = false;
  /** For the rounds that are decided here; a scheduler's rounds are followed in it. */
  #state: SeedState;
  /** The last round that was followed. */
  #round = 0;
  /** As many as its own peers would have; fewer or more where slots are scarce. */
  #ownSlots: number;
  #unchokeSlots: number;
  /** Those that another gateway served in the last round. */
  #servedElsewhere: ReadonlySet<PeerKey> = new Set();
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
    this.#state = initialSeedState(Number.parseInt(swarm.torrent.infoHash.slice(0, 8), 16));
    const { unchokeSlots } = config;
    this.#ownSlots = unchokeSlots === "auto" ? BEP3_UNCHOKE_SLOTS : unchokeSlots;
    this.#unchokeSlots = this.#ownSlots;
    // Those of a download that is complete now.
    for (const { amChoking, peerInterested } of swarm.members.values()) {
      if (!amChoking) this.#holding += 1;
      if (peerInterested) this.#interested += 1;
    }
    this.#cancelRound = ports.clock.after(CHOKE_ROUND_INTERVAL_MS, () => void this.#roundIsDue());
  }

  get holding(): number {
    return this.#holding;
  }

  get interested(): number {
    return this.#interested;
  }

  get slots(): number {
    return this.#unchokeSlots;
  }

  /**
   * A peer came to want, or ceased to want, what we have. Nobody waits while a slot is free, so
   * only a slot that comes free has the others looked at: a crowd that comes costs nothing each.
   */
  interestChanged(member: SwarmMember): void {
    const { peerKey } = member;
    const nowMs = this.#ports.clock.nowMs();
    this.#interested += member.peerInterested ? 1 : -1;
    if (member.peerInterested) {
      if (this.#holding >= this.#unchokeSlots || !member.wantsSlot) return;
      this.#holding += 1;
      member.unchoke(nowMs);
      this.history.tookSlot(peerKey, nowMs);
    } else if (!member.amChoking) {
      member.choke();
      this.history.gaveSlotBack(peerKey, nowMs);
      this.#slotFreed();
    }
  }

  left(member: SwarmMember): void {
    this.history.left(member.peerKey);
    if (member.peerInterested) this.#interested -= 1;
    if (!member.amChoking) this.#slotFreed();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRound();
  }

  async #roundIsDue(): Promise<void> {
    this.#nextRoundIn(CHOKE_ROUND_INTERVAL_MS);
    const nowMs = this.#ports.clock.nowMs();
    for (const member of this.#members.values()) member.sampleRate(nowMs);
    if (this.#interested === 0 && this.#holding === 0) return;
    const peers = this.#snapshots();
    this.#unchokeSlots = this.#slots(peers);
    const decided = (await this.#ask(peers)) ?? this.#decideAlone();
    if (this.#stopped) return;
    this.history.round({ ...decided, atMs: this.#ports.clock.nowMs(), round: this.#round });
    this.#servedElsewhere = new Set(
      decided.decisions.flatMap(({ peerKey, because }) =>
        because.rule === "served-elsewhere" ? [peerKey] : [],
      ),
    );
    this.#apply(decided.decisions);
    this.#settle();
  }

  /** What the setting says is the most there is, also where slots are scarce. */
  #slots(peers: readonly RoundPeer[]): number {
    const { unchokeSlots } = this.#config;
    if (unchokeSlots === "auto") this.#ownSlots = autoSlots(this.#ownSlots, peers);
    const scarce = this.#ports.scarceSlots(this.#torrent.infoHash);
    if (scarce === null) return this.#ownSlots;
    return unchokeSlots === "auto" ? scarce : Math.min(scarce, unchokeSlots);
  }

  #nextRoundIn(delayMs: number): void {
    this.#cancelRound();
    if (this.#stopped) return;
    this.#cancelRound = this.#ports.clock.after(delayMs, () => void this.#roundIsDue());
  }

  /** The scheduler's decisions, or null when there are none to be had. */
  async #ask(peers: readonly RoundPeer[]): Promise<Decided | null> {
    const told = peersToTell(peers);
    const asked = await askScheduler(this.#ports, told, {
      ...{ infoHash: this.#torrent.infoHash, gateway: this.#config.gateway },
      ...{ lastRound: this.#round, unchokeSlots: this.#unchokeSlots },
      ...{ policy: this.#policy, ...this.#size },
    });
    this.#tellWhoDecides(asked.kind === "none" ? asked.reason : null);
    if (asked.kind === "none") return null;
    this.#round = asked.round;
    this.#nextRoundIn(asked.nextInMs);
    const { decisions, decidedBy, wanting } = asked;
    this.#state = { ...this.#state, optimistic: turnsIn(decisions, told) };
    return { decisions, decidedBy, wanting };
  }

  #decideAlone(): Decided {
    const { gateway } = this.#config;
    const peers = this.#snapshots().map((peer) => ({
      ...peer,
      gateway,
      leecher: peerKey(peer.leecher),
    }));
    const { state, decisions } = fleetRound(
      this.#state,
      peers,
      {
        policy: this.#policy,
        torrent: this.#size,
        slotsOf: new Map([[gateway, this.#unchokeSlots]]),
        optimisticUnchokeIntervalMs: OPTIMISTIC_UNCHOKE_INTERVAL_MS,
      },
      this.#ports.clock.nowMs(),
    );
    this.#state = state;
    this.#round += 1;
    return { decisions, decidedBy: null, wanting: rankedCount(decisions) };
  }

  get #policy(): ChokingPolicy {
    return this.#torrent.entry.choking?.policy ?? this.#config.chokingPolicy;
  }

  get #size(): { readonly pieceLengthBytes: number; readonly contentBytes: number } {
    const { pieceLengthBytes, sizeBytes } = this.#torrent.metainfo;
    return { pieceLengthBytes, contentBytes: sizeBytes };
  }

  #slotFreed(): void {
    this.#holding -= 1;
    if (this.#interested > this.#holding) this.#settle();
  }

  #settle(): void {
    const peers = this.#snapshots().map((peer) => {
      return { ...peer, isServedElsewhere: this.#servedElsewhere.has(peer.peerKey) };
    });
    const changes = settleSlots(peers, this.#unchokeSlots);
    const nowMs = this.#ports.clock.nowMs();
    for (const change of changes) this.history.change(change, nowMs);
    this.#apply(changes);
  }

  /** Those that left or lost interest since the snapshot are passed over. */
  #apply(decisions: readonly UnchokeDecision[]): void {
    const nowMs = this.#ports.clock.nowMs();
    for (const { peerKey, decision } of decisions) {
      const member = this.#members.get(peerKey);
      if (member === undefined) continue;
      const hasSlot = decision === "regular" || decision === "optimistic";
      if (hasSlot && member.peerInterested) member.unchoke(nowMs);
      else member.choke();
    }
    this.#holding = 0;
    for (const member of this.#members.values()) if (!member.amChoking) this.#holding += 1;
  }

  #snapshots(): readonly RoundPeer[] {
    const { pieceLengthBytes } = this.#torrent.metainfo;
    return Array.from(this.#members.values(), (member) => member.snapshot(pieceLengthBytes));
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

/** The optimistic turns among a round's decisions, of whom and since when. */
function turnsIn(
  decisions: readonly UnchokeDecision[],
  told: readonly RoundPeer[],
): SeedState["optimistic"] {
  return decisions.flatMap(({ because }, at) => {
    const leecher = told[at]?.leecher;
    const isTurn = leecher !== undefined && because.rule === "turn";
    return isTurn ? [{ peerKey: peerKey(leecher), sinceMs: because.sinceMs }] : [];
  });
}
