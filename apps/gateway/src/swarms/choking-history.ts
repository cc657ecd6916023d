import type { PeerKey, UnchokeDecision } from "@seedfleet/choker";
import type { ChokingMoment } from "@seedfleet/contracts";
import { reasonWithAge } from "@seedfleet/fleet";

/** A minute of rounds: what a person who asks remembers. */
export const ROUNDS_KEPT_MAX = 6;

/** Of one peer between rounds; one that comes and goes faster pushes out its own only. */
export const CHANGES_KEPT_MAX = 4;

/** One round as this gateway heard of it. */
export type RoundNote = Pick<ChokingMoment, "atMs" | "decidedBy" | "wanting"> & {
  readonly round: number;
  readonly decisions: readonly UnchokeDecision[];
};

type Change = { readonly atMs: number; readonly decided: UnchokeDecision };

/**
 * What was decided of a swarm's peers in the last rounds and between them, for whoever asks why.
 * Pure and small: the decisions are kept as they came, and only of peers that wanted a slot.
 */
export class ChokingHistory {
  /** Newest last. */
  readonly #rounds: RoundNote[] = [];
  readonly #changes = new Map<PeerKey, Change[]>();

  round({ decisions, ...note }: RoundNote): void {
    this.#rounds.push({ ...note, decisions: decisions.filter(isTelling) });
    if (this.#rounds.length > ROUNDS_KEPT_MAX) this.#rounds.shift();
    const oldestMs = this.#rounds[0]?.atMs ?? note.atMs;
    for (const [peerKey, changes] of this.#changes) {
      const kept = changes.filter(({ atMs }) => atMs >= oldestMs);
      if (kept.length === 0) this.#changes.delete(peerKey);
      else if (kept.length < changes.length) this.#changes.set(peerKey, kept);
    }
  }

  /** A peer took a free slot without waiting for a round. */
  tookSlot(peerKey: PeerKey, atMs: number): void {
    const because = { rule: "free-slot" } as const;
    this.change({ peerKey, decision: "regular", rank: null, because }, atMs);
  }

  /** One that wants nothing more gave its slot back. */
  gaveSlotBack(peerKey: PeerKey, atMs: number): void {
    const because = { rule: "not-interested" } as const;
    this.change({ peerKey, decision: "choked", rank: null, because }, atMs);
  }

  /** Something was decided between two rounds. */
  change(decided: UnchokeDecision, atMs: number): void {
    const changes = this.#changes.get(decided.peerKey) ?? [];
    changes.push({ atMs, decided });
    if (changes.length > CHANGES_KEPT_MAX) changes.shift();
    this.#changes.set(decided.peerKey, changes);
  }

  /** The peer is gone: what the rounds say of it goes with them. */
  left(peerKey: PeerKey): void {
    this.#changes.delete(peerKey);
  }

  /** Newest first. */
  momentsOf(peerKey: PeerKey): readonly ChokingMoment[] {
    const inRounds = this.#rounds.flatMap(({ decisions, ...note }) => {
      const decided = decisions.find((each) => each.peerKey === peerKey);
      return decided === undefined ? [] : [momentOf(note, decided)];
    });
    const nobody = { round: null, decidedBy: null, wanting: null };
    const between = (this.#changes.get(peerKey) ?? []).map(({ atMs, decided }) =>
      momentOf({ atMs, ...nobody }, decided),
    );
    // Of one moment what came between rounds is the later.
    return [...inRounds, ...between].toReversed().toSorted((a, b) => b.atMs - a.atMs);
  }
}

function momentOf(
  {
    atMs,
    round,
    decidedBy,
    wanting,
  }: Pick<ChokingMoment, "atMs" | "round" | "decidedBy" | "wanting">,
  { decision, rank, because }: UnchokeDecision,
): ChokingMoment {
  const reason = reasonWithAge(because, atMs);
  return { atMs, round, decidedBy, wanting, decision, rank, because: reason };
}

/** Most of a large swarm may want nothing; its state says so, and no round need. */
function isTelling({ because }: UnchokeDecision): boolean {
  return because.rule !== "not-interested" && because.rule !== "upload-only";
}
