import { type Content, type ContentSource, contentChanged } from "@seedfleet/content";
import type { CatalogEntry, PublishRequest } from "@seedfleet/contracts";
import type { Catalog } from "@seedfleet/fleet";
import { parseMetainfo } from "@seedfleet/metainfo";
import type { Clock } from "@seedfleet/runtime";
import { fingerprintOf } from "./fingerprint.ts";
import type { HashMemos } from "./hash-memos.ts";
import type { HeldTorrents } from "./held-torrents.ts";
import { contextOf } from "./load-torrent.ts";
import { makeTorrent, type Torrent } from "./make-torrent.ts";
import type { PieceStoreMetrics } from "./metrics.ts";
import type { JobControl, Published } from "./publish-job.ts";
import type { Slots } from "./slots.ts";
import type { TorrentContexts } from "./torrent-contexts.ts";

/** Names of files left out that an answer carries: at 4 KiB each they still fit one message. */
export const SKIPPED_NAMED_MAX = 100;

export type PublishPorts = {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly contexts: TorrentContexts;
  readonly hashes: Slots;
  readonly held: HeldTorrents;
  readonly memos: HashMemos;
  readonly metrics: PieceStoreMetrics;
  readonly source: ContentSource;
};

type Listed = { readonly content: Content; readonly fingerprint: string };

/**
 * Publishes what lies at a resolved path: hashes it unless a memo says what it is, and writes
 * metainfo, entry and memo in this order, then removes what the path held before. Killed at any
 * point, it leaves a catalog in which every entry is whole, and the next publish does the rest.
 */
export async function publishContent(
  ports: PublishPorts,
  request: PublishRequest & { readonly holder: string },
  control: JobControl,
): Promise<Published> {
  const { held, memos, source } = ports;
  const { signal } = control;
  const listing = await source.list(request.path, { signal });
  const listed = { content: source.open(listing), fingerprint: fingerprintOf(listing) };

  const known = await findKnown(ports, request, listed.fingerprint);
  const torrent = known ?? (await hash(ports, { request, listed, control }));
  signal.throwIfAborted();

  const entry = await publishEntry(ports, { request, listed, torrent });
  const { infoHash } = entry;
  if (known === null) {
    await memos.remember(request, { infoHash, fingerprint: listed.fingerprint });
  }
  await held.removeOthers(request.path, infoHash);
  return { kind: "published", entry, hashed: known === null, skipped: named(listing.skipped) };
}

/** What the same content was hashed to before, if its metainfo is still there. */
async function findKnown(
  { catalog, memos }: PublishPorts,
  request: PublishRequest,
  fingerprint: string,
): Promise<Torrent | null> {
  const memo = await memos.find(request);
  if (memo?.fingerprint !== fingerprint) return null;
  const metainfoBytes = await catalog.metainfo(memo.infoHash);
  const metainfo = metainfoBytes === null ? null : parseMetainfo(metainfoBytes);
  if (metainfoBytes === null || metainfo?.kind !== "metainfo") return null;
  return metainfo.infoHash === memo.infoHash ? { metainfo, metainfoBytes } : null;
}

async function hash(
  { hashes, metrics, source }: PublishPorts,
  job: {
    readonly request: PublishRequest;
    readonly listed: Listed;
    readonly control: JobControl;
  },
): Promise<Torrent> {
  const { content, fingerprint } = job.listed;
  const { path, private: isPrivate } = job.request;
  const { signal, progress } = job.control;
  const { name, sizeBytes: totalBytes } = content.listing;
  using _slot = await hashes.take(signal);
  progress({ kind: "hashing", name, hashedBytes: 0, totalBytes });
  let countedBytes = 0;
  const torrent = await makeTorrent(content, {
    private: isPrivate,
    signal,
    hashed(hashedBytes) {
      metrics.hashedBytes.add(hashedBytes - countedBytes);
      countedBytes = hashedBytes;
      progress({ kind: "hashing", name, hashedBytes, totalBytes });
    },
  });
  // A file may have changed after its last byte was read, or another come to lie beside it.
  const now = await source.list(path, { signal });
  if (fingerprintOf(now) !== fingerprint) throw contentChanged(path);
  return torrent;
}

async function publishEntry(
  { catalog, clock, contexts, held }: PublishPorts,
  publish: {
    readonly request: PublishRequest & { readonly holder: string };
    readonly listed: Listed;
    readonly torrent: Torrent;
  },
): Promise<CatalogEntry> {
  const { request, listed, torrent } = publish;
  const { metainfo, metainfoBytes } = torrent;
  const before = await catalog.find(metainfo.infoHash);
  const entry: CatalogEntry = {
    infoHash: metainfo.infoHash,
    name: metainfo.name,
    sizeBytes: metainfo.sizeBytes,
    pieceLengthBytes: metainfo.pieceLengthBytes,
    pieceCount: metainfo.pieceCount,
    fileCount: metainfo.files.length,
    private: metainfo.private,
    holder: request.holder,
    path: request.path,
    fingerprint: listed.fingerprint,
    addedAtMs: before?.addedAtMs ?? clock.nowMs(),
  };
  // First, for whoever hears of the entry may ask for a piece at once.
  contexts.published(contextOf(metainfo, listed.content));
  // Every write is told to the whole fleet, so what has not changed is not written.
  if (!isSameEntry(before, entry)) await held.publish(entry, metainfoBytes);
  return entry;
}

function isSameEntry(before: CatalogEntry | null, entry: CatalogEntry): boolean {
  return (
    before !== null &&
    before.holder === entry.holder &&
    before.path === entry.path &&
    before.fingerprint === entry.fingerprint &&
    before.private === entry.private
  );
}

function named(skipped: readonly string[]): readonly string[] {
  if (skipped.length <= SKIPPED_NAMED_MAX) return skipped;
  const more = skipped.length - SKIPPED_NAMED_MAX;
  return [...skipped.slice(0, SKIPPED_NAMED_MAX), `… and ${more} more`];
}
