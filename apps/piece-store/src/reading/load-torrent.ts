import type { InfoHash } from "@seedfleet/bytes";
import { contentChanged } from "@seedfleet/content";
import type { CatalogEntry, CatalogSource } from "@seedfleet/contracts";
import type { Catalog } from "@seedfleet/fleet";
import { type Metainfo, parseMetainfo } from "@seedfleet/metainfo";
import { errorCode, SeedfleetError } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { ContentSources } from "../content/content-sources.ts";
import { fingerprintOf } from "../content/fingerprint.ts";
import { locationKind } from "../content/locations.ts";
import { repairFiles } from "../content/repair-files.ts";
import { torrentBytes } from "../content/torrent-content.ts";
import { layOut, storedFiles } from "../content/torrent-layout.ts";
import { pieceAbsent, torrentUnknown } from "../errors.ts";
import type { ManagedTorrents } from "../managed/managed-torrents.ts";
import type { Slots } from "../slots.ts";
import { type SourceBytes, TorrentSource } from "./torrent-source.ts";

/** What is needed to read the pieces of one torrent. */
export type TorrentContext = {
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly sizeBytes: number;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  readonly fileCount: number;
  /** In the order they are tried. */
  readonly sources: readonly TorrentSource[];
  /** Whether another store has a source that we have not: who asks us may as well ask that one. */
  readonly isElsewhere: boolean;
};

export type LoadPorts = {
  readonly catalog: Catalog;
  readonly sources: ContentSources;
  readonly managed: ManagedTorrents;
  readonly log: Log;
  readonly loads: Slots;
};

/**
 * Looks a torrent up in the catalog. Its sources are looked at when they are first read. Rejects
 * with `torrent-unknown` where none of them is ours to read, or with `store-busy`.
 */
export async function loadTorrent(
  ports: LoadPorts,
  { holder, infoHash }: { readonly holder: string; readonly infoHash: InfoHash },
): Promise<TorrentContext> {
  const { catalog, log, loads } = ports;
  using _slot = await loads.take();
  const found = await catalog.findWhole(infoHash);
  // Whoever asks a store has the name from the entry.
  if (found?.entry.infoHash !== infoHash) throw torrentUnknown(infoHash);
  const { entry } = found;
  const ours = sourcesFor(ports.sources, holder, entry);
  if (ours.length === 0) throw torrentUnknown(infoHash);
  const metainfoBytes = await found.metainfo();
  const metainfo = metainfoBytes === null ? null : parseMetainfo(metainfoBytes);
  if (metainfo?.kind !== "metainfo") {
    log.error("metainfo unreadable", { infoHash, reason: metainfo?.code ?? "absent" });
    throw torrentUnknown(infoHash);
  }
  const isElsewhere = entry.sources.some((source) => source.holder !== holder && !source.shared);
  return { ...contextOf(ports, metainfo, ours), isElsewhere };
}

/**
 * The sources that this store reads: its own, and the buckets and origins open to it, whoever has
 * put them into the catalog. Where two stores have published from one place it is one source.
 */
export function sourcesFor(
  sources: ContentSources,
  holder: string,
  entry: CatalogEntry,
): readonly CatalogSource[] {
  const ours = entry.sources.filter(({ location, ...source }) => {
    return source.shared ? sources.reads(location) : source.holder === holder;
  });
  return ours.filter(({ location, fingerprint }, index) => {
    const isSame = (other: CatalogSource): boolean =>
      other.location === location && other.fingerprint === fingerprint;
    return ours.findIndex(isSame) === index;
  });
}

export function contextOf(
  ports: Omit<LoadPorts, "catalog" | "log">,
  metainfo: Metainfo,
  entries: readonly CatalogSource[],
): TorrentContext {
  const { infoHash, name, sizeBytes, pieceLengthBytes, pieceCount } = metainfo;
  // Of the metainfo only its files are kept: the hashes of a large torrent take megabytes.
  const torrent = { infoHash, files: metainfo.files, sizeBytes, single: metainfo.single };
  const sources = entries.map(
    (entry) => new TorrentSource(entry.location, () => loadSource(ports, torrent, entry)),
  );
  const fileCount = metainfo.files.length;
  const size = { sizeBytes, pieceLengthBytes, pieceCount, fileCount };
  return { infoHash, name, ...size, sources, isElsewhere: false };
}

type TorrentFiles = Pick<Metainfo, "infoHash" | "files" | "sizeBytes" | "single">;

/** Looks at a source: it must be what was hashed, by names, sizes, times and identities. */
async function loadSource(
  { sources, managed, loads }: Omit<LoadPorts, "catalog" | "log">,
  torrent: TorrentFiles,
  { location, fingerprint }: CatalogSource,
): Promise<SourceBytes> {
  const kind = locationKind(location);
  if (kind === "managed") {
    const bytes = await managed.find(torrent.infoHash);
    if (bytes === null) throw pieceAbsent(torrent.infoHash, 0);
    return bytes;
  }
  using _slot = await (kind === "file" ? loads : sources.remoteLoads(location)).take();
  try {
    await sources.checkStillAllowed(location);
    const listing = await sources.list(location, listOptions(torrent));
    if (fingerprintOf(listing) !== fingerprint) throw contentChanged(location);
    const layout = layOut(torrent, listing);
    const bytes = torrentBytes(sources.open(listing), layout);
    if (kind !== "file") {
      const { read } = bytes;
      return { has: () => true, bitfield: null, read, isManaged: false, repair: null };
    }
    // While a file is repaired it is not what was listed, so nobody reads it then.
    const { turns } = sources;
    const { readPlaces, readAtOnce } = bytes;
    const repair = repairFiles(listing, layout);
    return {
      has: () => true,
      bitfield: null,
      read: (begin, into) => turns.read(location, () => bytes.read(begin, into)),
      ...(readPlaces === undefined
        ? {}
        : { readPlaces: (begin, at) => turns.read(location, () => readPlaces(begin, at)) }),
      ...(readAtOnce === undefined
        ? {}
        : { readAtOnce: (begin, at) => turns.readAtOnce(location, () => readAtOnce(begin, at)) }),
      isManaged: false,
      repair: (begin, right) => turns.write(location, () => repair(begin, right)),
    };
  } catch (error) {
    // The source may recover; but what is missing, empty or another is not what was hashed.
    if (!NOT_AS_HASHED.has(errorCode(error))) throw error;
    throw contentChanged(pathOf(error) ?? location, error);
  }
}

/** What a listing finds that was not there when it was hashed. */
const NOT_AS_HASHED: ReadonlySet<string | null> = new Set([
  "content-empty",
  "content-mismatch",
  "content-missing",
  "content-name-not-utf8",
  "content-too-many-files",
]);

/** Of the file that is not there any more, where the error names one. */
function pathOf(error: unknown): string | null {
  const detail = error instanceof SeedfleetError ? error.detail : null;
  return detail !== null && "path" in detail ? String(detail.path) : null;
}

function listOptions(torrent: TorrentFiles): { files?: readonly (readonly string[])[] } {
  const files = storedFiles(torrent);
  return files === undefined ? {} : { files };
}
