import type { InfoHash } from "@seedfleet/bytes";
import { isUnderOrigin, type PresenceWatch, rendezvous } from "@seedfleet/fleet";
import type { Metainfo, VerifiableMetainfo } from "@seedfleet/metainfo";
import { errorCode } from "@seedfleet/runtime";
import { isShared } from "../content/locations.ts";
import type { HeldTorrents } from "../held-torrents.ts";
import { readMetainfo } from "../reading/known-metainfo.ts";
import {
  contextOf,
  type LoadPorts,
  sourcesFor,
  type TorrentContext,
} from "../reading/load-torrent.ts";
import type { TorrentSource } from "../reading/torrent-source.ts";

/** So many torrents are put in order at a time. */
const BATCH_TORRENTS = 256;

export type ScrubTorrentsPorts = LoadPorts & {
  readonly held: Pick<HeldTorrents, "infoHashes">;
  /** The live piece-stores; null where no buckets and origins are checked. */
  readonly presence: Pick<PresenceWatch, "available"> | null;
};

/** A torrent as the catalog says it is. */
export type TorrentToScrub = {
  readonly context: TorrentContext;
  /** By its trees where it has them: padding, which may be most of a hybrid, is no part of them. */
  readonly judgedBy: VerifiableMetainfo;
  /** Those that are ours to check. */
  readonly sources: readonly TorrentSource[];
};

/**
 * What a store's scrub has to check: what the store holds, and of the buckets and origins that
 * several stores read its share. They all know who is there, so they agree without a word.
 *
 * Torrents are loaded for the scrub alone: it goes through all of them, and would turn out of the
 * store's memory those that are in demand.
 */
export class ScrubTorrents {
  readonly #ports: ScrubTorrentsPorts;
  readonly #holder: string;
  #shared: readonly InfoHash[] = [];

  constructor(ports: ScrubTorrentsPorts, holder: string) {
    this.#ports = ports;
    this.#holder = holder;
  }

  get infoHashes(): readonly InfoHash[] {
    const held = this.#ports.held.infoHashes;
    return this.#shared.length === 0 ? held : [...new Set([...held, ...this.#shared])];
  }

  /** Looks for what others have published from buckets and origins that we read as well. */
  async refresh(): Promise<void> {
    const { catalog, presence, sources } = this.#ports;
    if (presence === null || sources.origins.length === 0) return;
    const entries = await catalog.list();
    this.#shared = entries
      .filter((entry) => sourcesFor(sources, this.#holder, entry).some(({ shared }) => shared))
      .map(({ infoHash }) => infoHash);
  }

  /** In the order of their info hashes, from one on. What comes meanwhile may be left out. */
  *inOrder(from: InfoHash | null): Generator<InfoHash, void, void> {
    let batch = this.#batch((infoHash) => from === null || infoHash >= from);
    while (batch.length > 0) {
      yield* batch;
      const last = batch.at(-1) ?? "";
      batch = this.#batch((infoHash) => infoHash > last);
    }
  }

  /** Null where nothing of it is ours to check, by now. */
  async open(infoHash: InfoHash): Promise<TorrentToScrub | null> {
    const { catalog } = this.#ports;
    const entry = await catalog.find(infoHash);
    if (entry === null) return null;
    const entries = sourcesFor(this.#ports.sources, this.#holder, entry);
    // One bucket may be in the entry for several stores.
    const ours = new Set(entries.map(({ location }) => location).filter(this.#isOurs));
    if (ours.size === 0) return null;
    const metainfo = await readMetainfo(catalog, infoHash).catch((error: unknown) => {
      if (errorCode(error) === "metainfo-unusable") return null;
      throw error;
    });
    if (metainfo === null || !isCheckable(metainfo)) return null;
    const context = contextOf(this.#ports, metainfo, entries);
    const sources = context.sources.filter(({ location }) => ours.delete(location));
    const judgedBy = metainfo.pieceRoots === null ? metainfo : { ...metainfo, pieceHashes: null };
    return { context, judgedBy, sources };
  }

  #batch(isOne: (infoHash: InfoHash) => boolean): readonly InfoHash[] {
    return this.infoHashes.filter(isOne).toSorted().slice(0, BATCH_TORRENTS);
  }

  readonly #isOurs = (location: string): boolean => {
    if (!isShared(location)) return true;
    const { presence } = this.#ports;
    if (presence === null) return false;
    const readers = presence
      .available("piece-store")
      .filter(({ urls }) => isUnderOrigin(location, urls))
      .map(({ id }) => id);
    return rendezvous(location, [...new Set([...readers, this.#holder])]) === this.#holder;
  };
}

/** Without any hash of a piece there is nothing to hold it against. */
function isCheckable({ pieceHashes, pieceRoots }: Metainfo): boolean {
  return pieceHashes !== null || pieceRoots !== null;
}
