import {
  type OpenSlots,
  openSlots,
  type SlotCredits,
  shareSlots,
  type TorrentDemand,
  type UplinkUse,
} from "@seedfleet/choker";

/** A torrent that has peers here. */
export type ScarceTorrent = TorrentDemand & {
  /** How many slots it holds. */
  readonly holding: number;
};

/** What is kept while the uplink is full, from round to round. */
type Scarcity = {
  readonly open: OpenSlots;
  readonly credits: SlotCredits;
  readonly slots: ReadonlyMap<string, number>;
  /** How many rounds in a row the uplink was not full. */
  readonly roomyRounds: number;
};

/** Of the uplink: with more, whoever is given another slot takes it from somebody. */
const FULL_SHARE = 0.95;

/** Half a minute: slots that were shared out may need that long to fill the uplink again. */
const ROOMY_ROUNDS_MAX = 3;

/**
 * How many slots each torrent has while the gateway's uplink is full. Then all torrents share as
 * many as keep it full, by weight and by how badly they are seeded; while there is room each has
 * what its own peers make use of, which is not decided here.
 */
export class ScarceSlots {
  #scarcity: Scarcity | null = null;

  get isScarce(): boolean {
    return this.#scarcity !== null;
  }

  /** Null where slots are not scarce, or nobody has told of the torrent yet. */
  slotsOf(infoHash: string): number | null {
    return this.#scarcity?.slots.get(infoHash) ?? null;
  }

  /** Once a choke round; `use` is null where there is no limit. */
  round(use: UplinkUse | null, torrents: readonly ScarceTorrent[]): void {
    const holding = torrents.reduce((sum, each) => sum + each.holding, 0);
    const waiting = torrents.reduce(
      (sum, each) => sum + Math.max(0, each.wanting - each.holding),
      0,
    );
    const isFull = use !== null && use.usedBytesPerSecond >= FULL_SHARE * use.limitBytesPerSecond;
    const roomyRounds = isFull ? 0 : (this.#scarcity?.roomyRounds ?? ROOMY_ROUNDS_MAX) + 1;
    if (use === null || waiting === 0 || roomyRounds >= ROOMY_ROUNDS_MAX) {
      this.#scarcity = null;
      return;
    }
    const last = this.#scarcity;
    const begun = { slots: holding, tooFew: 0, forgetAtRound: 0, round: 0 };
    const open = openSlots(last?.open ?? begun, use, waiting);
    const { credits, slots } = shareSlots(last?.credits ?? new Map(), open.slots, torrents);
    // A torrent that has no leechers of its own to speak of is named too: it has none.
    const none = torrents.map(({ infoHash }) => [infoHash, 0] as const);
    this.#scarcity = { open, credits, roomyRounds, slots: new Map([...none, ...slots]) };
  }
}
