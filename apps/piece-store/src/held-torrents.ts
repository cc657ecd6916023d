import type { InfoHash } from "@seedfleet/bytes";
import { type CatalogEntry, type CatalogSource, TORRENT_SOURCES_MAX } from "@seedfleet/contracts";
import type { Catalog, CatalogChange } from "@seedfleet/fleet";
import { locationKind } from "./content/locations.ts";
import { KeyedTurns } from "./keyed-turns.ts";

/** All changes of ours come one after the other: two of one location must not undo each other. */
const CATALOG = "catalog";

export type HeldPorts = {
  readonly catalog: Catalog;
  /** Told of every torrent whose sources somebody else has changed. */
  readonly changed: (infoHash: InfoHash) => void;
  /** Told of every entry that says of managed content of ours that it is incomplete. */
  readonly incomplete: (infoHash: InfoHash) => void;
};

/**
 * The torrents in the catalog of which we are the holder of a source, by location, so that a job
 * need not read the whole catalog. Follows the catalog; what it says is checked there before
 * anything is removed.
 */
export class HeldTorrents {
  readonly #ports: HeldPorts;
  readonly #holder: string;
  readonly #sourcesOf = new Map<InfoHash, readonly CatalogSource[]>();
  readonly #heldAt = new Map<string, Set<InfoHash>>();
  readonly #turns = new KeyedTurns();
  #watch: { stop(): void } | null = null;

  constructor(ports: HeldPorts, holder: string) {
    this.#ports = ports;
    this.#holder = holder;
  }

  /** Resolves when all that is in the catalog now is known. */
  async start(): Promise<void> {
    const { promise: known, resolve } = Promise.withResolvers<void>();
    this.#watch = await this.#ports.catalog.watch((change) => {
      if (change.kind === "initialised") resolve();
      else this.#follow(change);
    });
    await known;
  }

  stop(): void {
    this.#watch?.stop();
  }

  /** In the order in which they became known. */
  get infoHashes(): readonly InfoHash[] {
    return [...this.#sourcesOf.keys()];
  }

  /** The locations from which something of ours is published. */
  get locations(): readonly string[] {
    return [...this.#heldAt.keys()];
  }

  /**
   * Puts the entry into the catalog, then removes what else was published from its locations of
   * ours: that is not there any more. Where two publish from one location at once, the last stays.
   */
  async publish(entry: CatalogEntry): Promise<CatalogEntry> {
    return await this.#turns.run(CATALOG, async () => {
      const published = await this.#put(entry);
      for (const { holder, location } of entry.sources) {
        if (holder === this.#holder) await this.#removeOthers(location, entry.infoHash);
      }
      return published;
    });
  }

  /**
   * Takes a location out of the catalog, and every torrent of which no source is left, but keeps
   * its metainfo, so that it need not be hashed when the location comes back. Gives the number of
   * torrents.
   */
  async retire(location: string): Promise<number> {
    return await this.#turns.run(CATALOG, async () => {
      const infoHashes = this.#at(location);
      for (const infoHash of infoHashes) await this.#withoutSource(infoHash, location);
      return infoHashes.length;
    });
  }

  /**
   * Takes a source of ours out of the catalog, and the torrent with its metainfo where no other is
   * left. Says whether it was there.
   */
  async withdraw(infoHash: InfoHash, location: string): Promise<boolean> {
    return await this.#turns.run(CATALOG, async () => {
      const before = await this.#ports.catalog.find(infoHash);
      if (before === null) return false;
      const left = await this.#withoutSource(infoHash, location);
      if (left === null) await this.#ports.catalog.remove(infoHash);
      return left?.sources.length !== before.sources.length;
    });
  }

  /** Every piece of a managed torrent is here. Says whether the catalog said otherwise. */
  async complete(infoHash: InfoHash): Promise<boolean> {
    return await this.#turns.run(CATALOG, async () => {
      let isNews = false;
      await this.#ports.catalog.change(infoHash, (before) => {
        isNews = before !== null && this.#isIncompleteHere(before);
        return before !== null && isNews ? withoutIncomplete(before) : before;
      });
      return isNews;
    });
  }

  async #put(entry: CatalogEntry): Promise<CatalogEntry> {
    const { infoHash } = entry;
    const known = this.#sourcesOf.get(infoHash) ?? [];
    let { sources } = entry;
    try {
      const written = await this.#ports.catalog.change(infoHash, (before) => {
        const merged = before === null ? entry : merge(before, entry);
        sources = merged.sources;
        // Before we hear of it as of somebody else's change.
        this.#remember({ infoHash, sources });
        return before !== null && sameEntry(before, merged) ? before : merged;
      });
      return written ?? entry;
    } catch (error) {
      // Should it have been written all the same, we are told.
      const isNews = this.#sourcesOf.get(infoHash) !== sources;
      if (!isNews) this.#remember({ infoHash, sources: known });
      throw error;
    }
  }

  async #removeOthers(location: string, kept: InfoHash): Promise<void> {
    for (const infoHash of this.#at(location)) {
      if (infoHash === kept) continue;
      const left = await this.#withoutSource(infoHash, location);
      if (left === null) await this.#ports.catalog.remove(infoHash);
    }
  }

  #at(location: string): readonly InfoHash[] {
    return [...(this.#heldAt.get(location) ?? [])];
  }

  async #withoutSource(infoHash: InfoHash, location: string): Promise<CatalogEntry | null> {
    const left = await this.#ports.catalog.change(infoHash, (before) => {
      if (before === null) return null;
      const sources = before.sources.filter(
        (source) => source.holder !== this.#holder || source.location !== location,
      );
      if (sources.length === before.sources.length) return before;
      return sources.length === 0 ? null : withSources(before, sources);
    });
    if (left === null) this.#forget(infoHash);
    else {
      this.#remember(left);
      if (this.#isIncompleteHere(left)) this.#ports.incomplete(infoHash);
    }
    this.#ports.changed(infoHash);
    return left;
  }

  #follow(change: Exclude<CatalogChange, { kind: "initialised" }>): void {
    if (change.kind === "removed") {
      this.#forget(change.infoHash);
      this.#ports.changed(change.infoHash);
      return;
    }
    const { entry } = change;
    if (this.#isIncompleteHere(entry)) this.#ports.incomplete(entry.infoHash);
    const known = this.#sourcesOf.get(entry.infoHash);
    if (known !== undefined && sameSources(known, entry.sources)) return;
    this.#remember(entry);
    this.#ports.changed(entry.infoHash);
  }

  /** Whether we should know better, should all of it be there. */
  #isIncompleteHere({ incomplete, sources }: CatalogEntry): boolean {
    return (
      incomplete === true &&
      sources.some((source) => source.holder === this.#holder && isManaged(source))
    );
  }

  #remember({ infoHash, sources }: Pick<CatalogEntry, "infoHash" | "sources">): void {
    this.#forget(infoHash);
    const ours = sources.filter(({ holder }) => holder === this.#holder);
    if (ours.length === 0) return;
    this.#sourcesOf.set(infoHash, sources);
    for (const { location } of ours) {
      const held = this.#heldAt.get(location) ?? new Set();
      this.#heldAt.set(location, held.add(infoHash));
    }
  }

  #forget(infoHash: InfoHash): void {
    for (const { location } of this.#sourcesOf.get(infoHash) ?? []) {
      const held = this.#heldAt.get(location);
      held?.delete(infoHash);
      if (held?.size === 0) this.#heldAt.delete(location);
    }
    this.#sourcesOf.delete(infoHash);
  }
}

/**
 * Sources that are there keep their place; if any is new, all of the entry's come first. One source
 * that has all of it is enough for the torrent to be complete.
 */
function merge(before: CatalogEntry, entry: CatalogEntry): CatalogEntry {
  const { addedAtMs, upload, choking, zones } = before;
  const kept = { addedAtMs, upload, choking, zones };
  const { incomplete, ...rest } = entry;
  if (incomplete === true && isIncompleteBeside(before, entry)) {
    return mergeSources(before, { ...rest, ...kept, incomplete });
  }
  return mergeSources(before, { ...rest, ...kept });
}

/** Whether no source but these has all of it. */
function isIncompleteBeside(before: CatalogEntry, { sources }: CatalogEntry): boolean {
  if (before.incomplete === true) return true;
  return before.sources.every((other) => sources.some((source) => isSamePlace(source, other)));
}

function mergeSources(before: CatalogEntry, entry: CatalogEntry): CatalogEntry {
  const renewed = before.sources.map(
    (other) => entry.sources.find((source) => isSamePlace(source, other)) ?? other,
  );
  if (entry.sources.every((source) => renewed.includes(source))) {
    return { ...entry, sources: renewed };
  }
  const others = before.sources.filter(
    (other) => !entry.sources.some((source) => isSamePlace(source, other)),
  );
  const sources = [...entry.sources, ...others].slice(0, TORRENT_SOURCES_MAX);
  return { ...entry, sources };
}

/** Of managed content alone nobody but its holders knows whether it is all there: they tell. */
function withSources(before: CatalogEntry, sources: readonly CatalogSource[]): CatalogEntry {
  return { ...before, sources, ...(sources.every(isManaged) ? { incomplete: true } : {}) };
}

function withoutIncomplete({ incomplete: _, ...entry }: CatalogEntry): CatalogEntry {
  return entry;
}

function isManaged({ location }: CatalogSource): boolean {
  return locationKind(location) === "managed";
}

function isSamePlace(a: CatalogSource, b: CatalogSource): boolean {
  return a.holder === b.holder && a.location === b.location;
}

/** Every write is told to the whole fleet, so what has not changed is not written. */
function sameEntry(a: CatalogEntry, b: CatalogEntry): boolean {
  const sameState = a.private === b.private && a.incomplete === b.incomplete;
  return sameState && sameSources(a.sources, b.sources);
}

function sameSources(a: readonly CatalogSource[], b: readonly CatalogSource[]): boolean {
  const sameAt = (source: CatalogSource, index: number): boolean => {
    const other = b[index];
    return (
      other !== undefined &&
      isSamePlace(source, other) &&
      source.fingerprint === other.fingerprint &&
      source.shared === other.shared
    );
  };
  return a.length === b.length && a.every(sameAt);
}
