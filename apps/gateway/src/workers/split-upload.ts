import { type GatewayLimits, PROMISED_SHARE_MAX, splitLimit } from "@seedfleet/egress";
import type { Torrent } from "../torrents/torrent.ts";
import {
  type GatewayDemand,
  isTorrentLimited,
  NO_DEMAND,
  type TorrentPart,
  type UploadParts,
  type UploadSettings,
} from "../upload/upload-limits.ts";

/** Whoever has some of the gateway's peers, and a part of its upload. */
export interface UploadHolder {
  /** Of the gateway's limits, lately. */
  readonly demand: GatewayDemand;
  /** How many peers of each torrent may download there, or are sent metadata or hashes. */
  countServed(): ReadonlyMap<Torrent, number>;
  /** Its part of the limits of gateway and classes, and what shares of it classes are promised. */
  setLimits(limits: GatewayLimits): void;
  /** What the catalog says of a torrent now, and the part of the torrent's limits. */
  setTorrent(torrent: Torrent, part: TorrentPart): void;
}

/**
 * Gives each holder its part of the gateway's upload limit, and of those of classes. What classes
 * are promised goes to the holders that have their peers; the rest is split by what holders wanted
 * lately.
 */
export function splitGatewayUpload(
  holders: readonly UploadHolder[],
  { uploadBytesPerSecond: limit, promises, classLimits = {} }: GatewayLimits,
  demands: readonly GatewayDemand[] = holders.map(({ demand }) => demand),
): void {
  const ofClasses = splitClasses(demands, classLimits);
  if (limit === null) {
    for (const [index, holder] of holders.entries()) {
      const limits = { uploadBytesPerSecond: null, promises: {} };
      holder.setLimits({ ...limits, classLimits: ofClasses[index] ?? {} });
    }
    return;
  }
  const promised = splitPromises(holders, { limit, promises });
  const reserved = promised.map(({ total }, index) =>
    // Nobody else could use what a holder does not want of its promises.
    Math.min(total, demands[index]?.gateway.wantedBytesPerSecond ?? 0),
  );
  const rest = splitLimit(
    limit - reserved.reduce((sum, bytes) => sum + bytes, 0),
    demands.map(({ gateway: { wantedBytesPerSecond: wanted, activePeers } }, index) => ({
      wantedBytesPerSecond: wanted - (reserved[index] ?? 0),
      activePeers,
    })),
  );
  for (const [index, holder] of holders.entries()) {
    const part = (reserved[index] ?? 0) + (rest[index] ?? 0);
    holder.setLimits({
      uploadBytesPerSecond: part,
      promises: sharesOf(promised[index]?.byClass ?? new Map(), part),
      classLimits: ofClasses[index] ?? {},
    });
  }
}

/** Each holder's part of what each class is limited to. */
function splitClasses(
  demands: readonly GatewayDemand[],
  classLimits: Readonly<Record<string, number>>,
): readonly Record<string, number>[] {
  const parts = demands.map((): Record<string, number> => ({}));
  for (const [name, limit] of Object.entries(classLimits)) {
    const wanted = demands.map(({ classes }) => classes.get(name) ?? NO_DEMAND);
    for (const [index, bytes] of splitLimit(limit, wanted).entries()) {
      const ofHolder = parts[index];
      if (ofHolder !== undefined) ofHolder[name] = bytes;
    }
  }
  return parts;
}

type Promised = {
  readonly byClass: ReadonlyMap<string, number>;
  readonly total: number;
};

/** What each class is promised, in bytes a second, by the peers of it that may download. */
function splitPromises(
  holders: readonly UploadHolder[],
  { limit, promises }: { limit: number; promises: GatewayLimits["promises"] },
): readonly Promised[] {
  const shares = Object.entries(promises);
  if (shares.length === 0) return holders.map(() => ({ byClass: new Map(), total: 0 }));
  const counts = holders.map((holder) => countByClass(holder.countServed()));
  return counts.map((ofHolder) => {
    const byClass = new Map<string, number>();
    for (const [name, share] of shares) {
      const here = ofHolder.get(name) ?? 0;
      const all = counts.reduce((sum, each) => sum + (each.get(name) ?? 0), 0);
      // A class that is named has its debts kept, also while nobody of it is here.
      byClass.set(name, here > 0 ? (share * limit * here) / all : 0);
    }
    return { byClass, total: byClass.values().reduce((sum, bytes) => sum + bytes, 0) };
  });
}

function countByClass(byTorrent: ReadonlyMap<Torrent, number>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [{ entry }, count] of byTorrent) {
    const name = entry.upload?.class ?? null;
    if (name !== null) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return counts;
}

/** The same as shares of the holder's part, which leave something to its other peers. */
function sharesOf(byClass: ReadonlyMap<string, number>, part: number): Record<string, number> {
  const promised = byClass.values().reduce((sum, bytes) => sum + bytes, 0);
  if (promised === 0) return Object.fromEntries(byClass);
  const scale = Math.min(1 / part, PROMISED_SHARE_MAX / promised);
  return Object.fromEntries(byClass.entries().map(([name, bytes]) => [name, bytes * scale]));
}

/**
 * Tells each holder what the catalog says of the torrents, and its part of each one's upload limit
 * and budget: as many of it as of the peers that are sent something.
 */
export function splitTorrentUpload(
  holders: readonly UploadHolder[],
  torrents: Iterable<Torrent>,
  { settings, parts }: { readonly settings: UploadSettings; readonly parts: UploadParts },
): void {
  const counts = holders.map((holder) => holder.countServed());
  for (const torrent of torrents) {
    const isLimited = isTorrentLimited(settings, torrent.entry);
    const budget = parts.torrents.get(torrent) ?? 0;
    const peers = counts.map((ofHolder) => ofHolder.get(torrent) ?? 0);
    const all = peers.reduce((sum, count) => sum + count, 0);
    for (const [index, holder] of holders.entries()) {
      const here = peers[index] ?? 0;
      // A holder's first peer need not wait until the next time, but for a budget, which is strict.
      const share = isLimited ? Math.max(here, 1) / Math.max(all, 1) : 1;
      const ofBudget = all === 0 ? 1 / holders.length : here / all;
      holder.setTorrent(torrent, { share, budgetBytesPerSecond: budget * ofBudget });
    }
  }
}
