import type { InfoHash } from "@seedfleet/bytes";
import type { TorrentContext } from "./load-torrent.ts";

/** A thousand torrents in demand at a time is much for one volume; the others are loaded anew. */
export const CONTEXTS_MAX = 1_024;

/** Of all contexts together: each takes about 300 bytes, so this bounds them to some 150 MB. */
export const CONTEXT_FILES_MAX = 524_288;

type Slot = { readonly loading: Promise<TorrentContext>; context: TorrentContext | null };

/** The torrents that are being read, the least recently used forgotten first. */
export class TorrentContexts {
  readonly #load: (infoHash: InfoHash) => Promise<TorrentContext>;
  /** In the order they were last used. */
  readonly #slots = new Map<InfoHash, Slot>();
  #files = 0;

  constructor(load: (infoHash: InfoHash) => Promise<TorrentContext>) {
    this.#load = load;
  }

  /** Loads the torrent on its first use. */
  async find(infoHash: InfoHash): Promise<TorrentContext> {
    const slot = this.#slots.get(infoHash) ?? this.#begin(infoHash);
    this.#use(infoHash, slot);
    const context = await slot.loading;
    // Published again or forgotten in the meantime: what was loaded says nothing any more.
    return this.#slots.get(infoHash) === slot ? context : this.find(infoHash);
  }

  /** What the torrent is read by, if it is loaded. */
  current(infoHash: InfoHash): TorrentContext | null {
    const slot = this.#slots.get(infoHash);
    if (slot === undefined) return null;
    this.#use(infoHash, slot);
    return slot.context;
  }

  /** Whether this is still what the torrent is read by. */
  isCurrent(context: TorrentContext): boolean {
    return this.#slots.get(context.infoHash)?.context === context;
  }

  /** What a publish has just seen need not be loaded again. */
  published(context: TorrentContext): void {
    const { infoHash } = context;
    this.forget(infoHash);
    this.#keep(infoHash, { loading: Promise.resolve(context), context });
  }

  forget(infoHash: InfoHash): void {
    const slot = this.#slots.get(infoHash);
    if (slot === undefined) return;
    for (const source of slot.context?.sources ?? []) source.retire();
    this.#slots.delete(infoHash);
    this.#files -= filesOf(slot);
  }

  #begin(infoHash: InfoHash): Slot {
    const loading = this.#load(infoHash);
    const slot: Slot = { loading, context: null };
    const loaded = (context: TorrentContext): void => {
      if (this.#slots.get(infoHash) !== slot) return;
      slot.context = context;
      this.#keep(infoHash, slot);
    };
    // A failure is told to those who wait; who comes later tries again.
    const failed = (): void => {
      if (this.#slots.get(infoHash) === slot) this.#slots.delete(infoHash);
    };
    loading.then(loaded, failed);
    return slot;
  }

  #use(infoHash: InfoHash, slot: Slot): void {
    this.#slots.delete(infoHash);
    this.#slots.set(infoHash, slot);
  }

  #keep(infoHash: InfoHash, slot: Slot): void {
    this.#use(infoHash, slot);
    this.#files += filesOf(slot);
    for (const [least, { context }] of this.#slots) {
      if (this.#slots.size <= CONTEXTS_MAX && this.#files <= CONTEXT_FILES_MAX) return;
      // The newest stays whatever its size, and one that is loading has nothing to give yet.
      if (least !== infoHash && context !== null) this.forget(least);
    }
  }
}

/** Its own files, and those of the listing of each source. */
function filesOf({ context }: Slot): number {
  return context === null ? 0 : context.fileCount * (1 + context.sources.length);
}
