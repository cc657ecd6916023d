import type { InfoHash } from "@seedfleet/bytes";
import type { Presence } from "@seedfleet/contracts";
import { rendezvous } from "@seedfleet/fleet";
import { type Leecher, leecherKey } from "./leecher.ts";

/** A gateway that stays. */
export type Heir = Pick<Presence, "id" | "load" | "zone">;

export type SplitLeechers = {
  /** By the id of the gateway that is to go to them. */
  readonly handed: ReadonlyMap<string, readonly Leecher[]>;
  /** Those that no gateway may or can take. */
  readonly left: readonly Leecher[];
};

/**
 * Which of these gateways goes to which leecher: as many to each, of the leaver's own zone where
 * there are some, since its peers were sent there for that; never one that is full, nor one in a
 * zone that the torrent is kept out of.
 */
export function splitLeechers(
  leechers: readonly Leecher[],
  heirs: readonly Heir[],
  {
    zone,
    zonesOf,
  }: {
    readonly zone: string | null;
    /** The zones that a torrent is kept to; undefined of one that may be anywhere. */
    readonly zonesOf: (infoHash: InfoHash) => readonly string[] | undefined;
  },
): SplitLeechers {
  const free = heirs.filter(({ load }) => load < 1);
  const idsByTorrent = new Map<InfoHash, readonly string[]>();
  const idsFor = (infoHash: InfoHash): readonly string[] => {
    const known = idsByTorrent.get(infoHash);
    if (known !== undefined) return known;
    const zones = zonesOf(infoHash);
    const allowed = free.filter((heir) => zones === undefined || isIn(heir, zones));
    const near = zone === null ? [] : allowed.filter((heir) => heir.zone === zone);
    const ids = (near.length > 0 ? near : allowed).map(({ id }) => id);
    idsByTorrent.set(infoHash, ids);
    return ids;
  };
  const handed = new Map<string, Leecher[]>();
  const left: Leecher[] = [];
  for (const leecher of leechers) {
    const id = rendezvous(leecherKey(leecher), idsFor(leecher.infoHash));
    const its = id === null ? left : (handed.get(id) ?? []);
    its.push(leecher);
    if (id !== null) handed.set(id, its);
  }
  return { handed, left };
}

function isIn({ zone }: Heir, zones: readonly string[]): boolean {
  return zone !== undefined && zones.includes(zone);
}
