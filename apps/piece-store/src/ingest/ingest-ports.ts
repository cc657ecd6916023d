import type { Content } from "@seedfleet/content";
import type { CatalogEntry, CatalogSource } from "@seedfleet/contracts";
import type { Catalog, IngestJobs } from "@seedfleet/fleet";
import type { Metainfo } from "@seedfleet/metainfo";
import type { Clock } from "@seedfleet/runtime";
import { entryOf } from "../catalog-entry.ts";
import type { ContentSources } from "../content/content-sources.ts";
import { fingerprintOf } from "../content/fingerprint.ts";
import { isShared } from "../content/locations.ts";
import { layOut, storedFiles, type TorrentLayout } from "../content/torrent-layout.ts";
import type { HeldTorrents } from "../held-torrents.ts";
import type { CheckedPieces } from "../reading/checked-pieces.ts";
import { contextOf, type LoadPorts, sourcesFor } from "../reading/load-torrent.ts";
import type { TorrentConditions } from "../reading/torrent-conditions.ts";
import type { TorrentContexts } from "../reading/torrent-contexts.ts";
import type { HashPorts } from "./hash-content.ts";
import type { HashMemos } from "./hash-memos.ts";

/** All that the work of a job needs. */
export type IngestPorts = HashPorts &
  LoadPorts & {
    readonly catalog: Catalog;
    readonly checked: CheckedPieces;
    readonly clock: Clock;
    readonly conditions: TorrentConditions;
    readonly contexts: TorrentContexts;
    readonly held: HeldTorrents;
    readonly holder: string;
    readonly jobs: IngestJobs;
    readonly memos: HashMemos;
    readonly sources: ContentSources;
  };

/** Content that was listed, and what it is known again by. */
export type ListedContent = {
  readonly location: string;
  readonly content: Content;
  readonly fingerprint: string;
};

/** Content that is published, and whether this very job has seen that its bytes are right. */
export type FoundContent = ListedContent & { readonly isVerified: boolean };

/** Lists all that lies at a location, which must be allowed. */
export async function listContent(
  { sources }: Pick<IngestPorts, "sources">,
  location: string,
  options: { readonly signal: AbortSignal; readonly files?: readonly (readonly string[])[] },
): Promise<ListedContent> {
  const resolved = await sources.resolve(location);
  const listing = await sources.list(resolved, options);
  return {
    location: listing.path,
    content: sources.open(listing),
    fingerprint: fingerprintOf(listing),
  };
}

export type TorrentAt = {
  readonly torrent: Pick<Metainfo, "files" | "sizeBytes" | "single">;
  readonly location: string;
};

/** Lists the files of a torrent at a location; rejects where they are not of the right sizes. */
export async function listTorrent(
  ports: Pick<IngestPorts, "sources">,
  { torrent, location }: TorrentAt,
  signal: AbortSignal,
): Promise<ListedContent & { readonly layout: TorrentLayout }> {
  const files = storedFiles(torrent);
  const listed = await listContent(ports, location, files ? { signal, files } : { signal });
  return { ...listed, layout: layOut(torrent, listed.content.listing) };
}

/** Puts a torrent into the catalog, its metainfo first, with these as its sources. */
export async function publishEntry(
  ports: IngestPorts,
  metainfo: Metainfo,
  found: readonly FoundContent[],
): Promise<CatalogEntry> {
  const { catalog, clock, contexts, held, holder } = ports;
  const { infoHash } = metainfo;
  const before = await catalog.find(infoHash);
  const sources = distinct(found).map(({ location, fingerprint }): CatalogSource => {
    return { holder, shared: isShared(location), location, fingerprint };
  });
  const entry = await held.publish(entryOf(metainfo, sources, clock.nowMs()));
  for (const each of found) judgeAnew(ports, { metainfo, before }, each);
  contexts.published(contextOf(ports, metainfo, sourcesFor(ports.sources, holder, entry)));
  return entry;
}

/** A location may be named twice, and by a link. */
function distinct(found: readonly FoundContent[]): readonly FoundContent[] {
  return [...new Map(found.map((each) => [each.location, each])).values()];
}

/** What was bad stays bad for as long as nobody has seen otherwise and the files are the same. */
function judgeAnew(
  { conditions, holder }: Pick<IngestPorts, "conditions" | "holder">,
  { metainfo, before }: { readonly metainfo: Metainfo; readonly before: CatalogEntry | null },
  { location, fingerprint, isVerified }: FoundContent,
): void {
  const { infoHash } = metainfo;
  const source = before?.sources.find(
    (each) => each.holder === holder && each.location === location,
  );
  if (isVerified || source?.fingerprint !== fingerprint) conditions.forget(infoHash, location);
  else conditions.isFresh(metainfo, location);
}
