import assert from "node:assert/strict";

/** A torrent that wants slots of an uplink that is full. */
export type TorrentDemand = {
  readonly infoHash: string;
  /** From its entry in the catalog; 1 unless somebody said otherwise. */
  readonly weight: number;
  readonly leechers: number;
  readonly seeders: number;
  /** How many leechers want a slot here: more slots than that are no use. */
  readonly wanting: number;
};

/** By info hash, how many slots a torrent was given less than its share until now. */
export type SlotCredits = ReadonlyMap<string, number>;

export type SharedSlots = {
  readonly credits: SlotCredits;
  readonly slots: ReadonlyMap<string, number>;
};

/** A torrent owed no more than this is owed enough to be the next; more would be a burst. */
const CREDIT_SLOTS_LIMIT = 4;

/**
 * Shares the slots of a full uplink between torrents, by weight × leechers / (seeders + 1), so that
 * badly seeded torrents win. Shares are fractions: what a torrent is given less than its share is a
 * credit, so over some rounds each has its share and none starves, however many there are.
 */
export function shareSlots(
  credits: SlotCredits,
  slots: number,
  torrents: readonly TorrentDemand[],
): SharedSlots {
  assert(Number.isInteger(slots) && slots >= 0);
  const wanting = torrents.filter((each) => each.wanting > 0 && needOf(each) > 0);
  const shares = fairShares(slots, wanting);
  const owed = wanting.map((torrent, at) => {
    const { infoHash } = torrent;
    return { torrent, owed: (shares[at] ?? 0) + (credits.get(infoHash) ?? 0) };
  });
  const given = owed.map((each) => {
    return Math.max(0, Math.min(each.torrent.wanting, Math.floor(each.owed)));
  });
  const left = (at: number): number => (owed[at]?.owed ?? 0) - (given[at] ?? 0);
  const byOwed = [...owed.keys()].toSorted((a, b) => left(b) - left(a) || a - b);
  let rest = slots - given.reduce((sum, each) => sum + each, 0);
  for (const at of byOwed.toReversed()) {
    const back = Math.min(given[at] ?? 0, Math.max(0, -rest));
    given[at] = (given[at] ?? 0) - back;
    rest += back;
  }
  while (rest > 0) {
    const before = rest;
    for (const at of byOwed) {
      if (rest === 0 || (given[at] ?? 0) >= (owed[at]?.torrent.wanting ?? 0)) continue;
      given[at] = (given[at] ?? 0) + 1;
      rest -= 1;
    }
    if (rest === before) break;
  }
  const names = owed.map(({ torrent }) => torrent.infoHash);
  const bounded = (credit: number): number => {
    return Math.min(CREDIT_SLOTS_LIMIT, Math.max(-CREDIT_SLOTS_LIMIT, credit));
  };
  return {
    credits: new Map(names.map((name, at) => [name, bounded(left(at))])),
    slots: new Map(names.map((name, at) => [name, given[at] ?? 0])),
  };
}

function needOf({ weight, leechers, seeders }: TorrentDemand): number {
  return (weight * leechers) / (seeders + 1);
}

/** What each would have if slots were divisible: nobody more than it wants, the rest by need. */
function fairShares(slots: number, torrents: readonly TorrentDemand[]): readonly number[] {
  const shares = torrents.map(() => 0);
  const wantPerNeed = torrents.map((each) => each.wanting / needOf(each));
  const byWant = [...torrents.keys()].toSorted((a, b) => {
    return (wantPerNeed[a] ?? 0) - (wantPerNeed[b] ?? 0) || a - b;
  });
  let left = slots;
  let needLeft = torrents.reduce((sum, each) => sum + needOf(each), 0);
  for (const at of byWant) {
    const torrent = torrents[at];
    if (torrent === undefined) continue;
    const share = Math.min(torrent.wanting, (left * needOf(torrent)) / needLeft);
    shares[at] = share;
    left -= share;
    needLeft -= needOf(torrent);
  }
  return shares;
}
