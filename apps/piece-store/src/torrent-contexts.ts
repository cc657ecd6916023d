import type { InfoHash } from "@seedfleet/bytes";
import { type Content, contentChanged } from "@seedfleet/content";
import type { Layout } from "./layout.ts";

/** A thousand torrents in demand at a time is much for one volume; the others are loaded anew. */
export const CONTEXTS_MAX = 1_024;

/** Of all contexts together: each takes about 300 bytes, so this bounds them to some 150 MB. */
export const CONTEXT_FILES_MAX = 524_288;

/** What is remembered as stale, so that it is logged once: 100 bytes each. */
export const STALE_TORRENTS_MAX = 65_536;

/** What is needed to read the pieces of one torrent. */
export type TorrentContext = {
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly content: Content;
  readonly layout: Layout;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
};

/** A torrent whose content is not what was hashed, with the path that showed it. */
export type StaleTorrent = {
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly path: string;
};

/** What was found on loading a torrent: stale torrents are found so too. */
export type Loaded =
  | { readonly kind: "context"; readonly context: TorrentContext }
  | ({ readonly kind: "stale" } & StaleTorrent);

type Slot = { readonly loading: Promise<Loaded>; context: TorrentContext | null };

export type ContextPorts = {
  readonly load: (infoHash: InfoHash) => Promise<Loaded>;
  /** Told once of each torrent that goes stale. */
  readonly wentStale: (torrent: StaleTorrent) => void;
};

/**
 * The torrents that are being read, the least recently used forgotten first. A torrent that was
 * found stale stays refused, without another look, until it is published again or forgotten.
 */
export class TorrentContexts {
  readonly #ports: ContextPorts;
  /** In the order they were last used. */
  readonly #slots = new Map<InfoHash, Slot>();
  readonly #stale = new Map<InfoHash, StaleTorrent>();
  #files = 0;

  constructor(ports: ContextPorts) {
    this.#ports = ports;
  }

  get staleCount(): number {
    return this.#stale.size;
  }

  /** Loads the torrent on its first use. Rejects with `content-changed` if it is stale. */
  async find(infoHash: InfoHash): Promise<TorrentContext> {
    const stale = this.#stale.get(infoHash);
    if (stale !== undefined) throw contentChanged(stale.path);
    const slot = this.#slots.get(infoHash) ?? this.#load(infoHash);
    this.#use(infoHash, slot);
    const loaded = await slot.loading;
    // Published again or forgotten in the meantime: what was loaded says nothing any more.
    if (this.#slots.get(infoHash) !== slot) return this.find(infoHash);
    if (loaded.kind === "context") return loaded.context;
    this.#refuse(loaded);
    throw contentChanged(loaded.path);
  }

  /** What a publish has just listed need not be listed again. */
  published(context: TorrentContext): void {
    const { infoHash } = context;
    this.forget(infoHash);
    const loading = Promise.resolve<Loaded>({ kind: "context", context });
    this.#keep(infoHash, { loading, context });
  }

  forget(infoHash: InfoHash): void {
    this.#stale.delete(infoHash);
    this.#drop(infoHash);
  }

  /** Refuses the torrent from now on, unless the context is not the one in use any more. */
  changed(context: TorrentContext, path: string): boolean {
    const { infoHash, name } = context;
    if (this.#slots.get(infoHash)?.context !== context) return false;
    this.#refuse({ infoHash, name, path });
    return true;
  }

  #load(infoHash: InfoHash): Slot {
    const loading = this.#ports.load(infoHash);
    const slot: Slot = { loading, context: null };
    const loaded = (found: Loaded): void => {
      if (this.#slots.get(infoHash) !== slot || found.kind !== "context") return;
      slot.context = found.context;
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
      if (least !== infoHash && context !== null) this.#drop(least);
    }
  }

  #drop(infoHash: InfoHash): void {
    const slot = this.#slots.get(infoHash);
    if (slot === undefined) return;
    this.#slots.delete(infoHash);
    this.#files -= filesOf(slot);
  }

  #refuse({ infoHash, name, path }: StaleTorrent): void {
    // Several may have waited for one look; the first has told it.
    if (this.#stale.has(infoHash)) return;
    this.#drop(infoHash);
    const [oldest] = this.#stale.keys();
    if (this.#stale.size >= STALE_TORRENTS_MAX && oldest !== undefined) this.#stale.delete(oldest);
    this.#stale.set(infoHash, { infoHash, name, path });
    this.#ports.wentStale({ infoHash, name, path });
  }
}

function filesOf({ context }: Slot): number {
  return context?.layout.files.length ?? 0;
}
