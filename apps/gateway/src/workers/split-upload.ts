import { type LimitDemand, PROMISED_SHARE_MAX, splitLimit } from "@seedfleet/egress";
import type { Torrent } from "../torrents/torrent.ts";
import { torrentLimits, type UploadSettings } from "../upload/upload-limits.ts";

/** Whoever has some of the gateway's peers, and a part of its upload. */
export interface UploadHolder {
  /** Of the gateway's limit, lately. */
  readonly demand: LimitDemand;
  /** How many peers of each torrent may download there, or are sent metadata or hashes. */
  countServed(): ReadonlyMap<Torrent, number>;
  /** Its part of the gateway's limit, and what shares of that classes are promised. */
  setPart(bytesPerSecond: number, promises: Readonly<Record<string, number>>): void;
  /** What the catalog says of a torrent now, and the part of the torrent's limit. */
  setTorrent(torrent: Torrent, part: number): void;
}

/**
 * Gives each holder its part of the gateway's upload limit. What classes are promised goes to the
 * holders that have their peers; the rest is split by what holders wanted lately.
 */
export function splitGatewayUpload(
  holders: readonly UploadHolder[],
  { uploadBytesPerSecond: limit, uploadPromises }: UploadSettings,
): void {
  if (limit === null) return;
  const demands = holders.map(({ demand }) => demand);
  const promised = splitPromises(holders, { limit, uploadPromises });
  const reserved = promised.map(({ total }, index) =>
    // Nobody else could use what a holder does not want of its promises.
    Math.min(total, demands[index]?.wantedBytesPerSecond ?? 0),
  );
  const rest = splitLimit(
    limit - reserved.reduce((sum, bytes) => sum + bytes, 0),
    demands.map(({ wantedBytesPerSecond: wanted, activePeers }, index) => ({
      wantedBytesPerSecond: wanted - (reserved[index] ?? 0),
      activePeers,
    })),
  );
  for (const [index, holder] of holders.entries()) {
    const part = (reserved[index] ?? 0) + (rest[index] ?? 0);
    holder.setPart(part, sharesOf(promised[index]?.byClass ?? new Map(), part));
  }
}

type Promised = {
  readonly byClass: ReadonlyMap<string, number>;
  readonly total: number;
};

/** What each class is promised, in bytes a second, by the peers of it that may download. */
function splitPromises(
  holders: readonly UploadHolder[],
  { limit, uploadPromises }: { limit: number; uploadPromises: UploadSettings["uploadPromises"] },
): readonly Promised[] {
  const promises = Object.entries(uploadPromises);
  if (promises.length === 0) return holders.map(() => ({ byClass: new Map(), total: 0 }));
  const counts = holders.map((holder) => countByClass(holder.countServed()));
  return counts.map((ofHolder) => {
    const byClass = new Map<string, number>();
    for (const [name, share] of promises) {
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
  const scale = Math.min(1 / part, PROMISED_SHARE_MAX / promised);
  return Object.fromEntries(byClass.entries().map(([name, bytes]) => [name, bytes * scale]));
}

/**
 * Tells each holder what the catalog says of the torrents, and its part of each one's upload limit:
 * as many of it as of the peers that are sent something.
 */
export function splitTorrentUpload(
  holders: readonly UploadHolder[],
  torrents: Iterable<Torrent>,
  settings: UploadSettings,
): void {
  const counts = holders.map((holder) => holder.countServed());
  for (const torrent of torrents) {
    const isLimited = torrentLimits(settings, torrent.entry).uploadBytesPerSecond !== null;
    const peers = counts.map((ofHolder) => ofHolder.get(torrent) ?? 0);
    const all = peers.reduce((sum, count) => sum + count, 0);
    for (const [index, holder] of holders.entries()) {
      // A holder's first peer need not wait until the next time.
      const part = isLimited ? Math.max(peers[index] ?? 0, 1) / Math.max(all, 1) : 1;
      holder.setTorrent(torrent, part);
    }
  }
}
