import { isDeepStrictEqual } from "node:util";
import { Bitfield } from "@seedfleet/bitfield";
import type { InfoHash } from "@seedfleet/bytes";
import type { CatalogEntry } from "@seedfleet/contracts";
import type { Catalog, FoundTorrentEntry } from "@seedfleet/fleet";
import { parseMetainfo } from "@seedfleet/metainfo";
import { type Clock, errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { ReadHave } from "../downloads/read-have.ts";
import { Torrent } from "./torrent.ts";

/** Torrents kept in memory although nobody is connected to them: a peer may come back. */
export const IDLE_TORRENTS_MAX = 1_024;

/** What is known of a torrent is checked against the catalog when it is older than this. */
export const TORRENT_FRESH_MS = 60_000;

export type FoundTorrent =
  | { readonly kind: "torrent"; readonly torrent: Torrent }
  | { readonly kind: "refused"; readonly reason: "torrent-unknown" | "torrent-unreadable" };

type Known = { readonly torrent: Torrent; checkedAtMs: number };

type TorrentsPorts = {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly log: Log;
  /** A torrent is forgotten: its cached pieces may go. */
  readonly dropped: (torrent: Torrent) => void;
  /** The catalog says something else of its upload or its slots now. */
  readonly changed: (torrent: Torrent) => void;
  readonly inUse: (infoHash: InfoHash) => boolean;
  readonly readHave: ReadHave;
  /** A piece of content that is being downloaded came to be there. */
  readonly got: (torrent: Torrent, piece: number) => void;
  /** A piece was found to be bad, and is not there until it is had again. */
  readonly lost: (torrent: Torrent, piece: number) => void;
};

/**
 * The torrents this gateway was asked for, loaded from the catalog on the first handshake, so that
 * those nobody asks for cost nothing. A known one is answered at once, even when the bus is away,
 * and checked behind the answer.
 */
export class Torrents {
  readonly #ports: TorrentsPorts;
  /** In the order of last use. */
  readonly #known = new Map<InfoHash, Known>();
  readonly #loading = new Map<InfoHash, Promise<FoundTorrent>>();
  /** Other hashes by which what is known is asked for. */
  readonly #aliases = new Map<InfoHash, InfoHash>();

  constructor(ports: TorrentsPorts) {
    this.#ports = ports;
  }

  find(asked: InfoHash): Promise<FoundTorrent> {
    const infoHash = this.#aliases.get(asked) ?? asked;
    const known = this.#known.get(infoHash);
    if (known === undefined) return this.#load(infoHash);
    this.#known.delete(infoHash);
    this.#known.set(infoHash, known);
    if (this.#ports.clock.nowMs() - known.checkedAtMs > TORRENT_FRESH_MS) void this.#load(infoHash);
    return Promise.resolve({ kind: "torrent", torrent: known.torrent });
  }

  /** The info hash or alias that a peer means which encrypts its handshake; null if none does. */
  async findObfuscated(hash: Uint8Array): Promise<InfoHash | null> {
    try {
      return await this.#ports.catalog.findObfuscated(hash);
    } catch (error) {
      this.#ports.log.warn("catalog unreachable", { reason: errorMessage(error) });
      return null;
    }
  }

  /** Somebody changed the entry: looks it up again, if it is known here. */
  entryChanged(infoHash: InfoHash): void {
    if (this.#known.has(infoHash)) void this.#load(infoHash);
  }

  /** A store has a piece more of content that is being downloaded. */
  verified(infoHash: InfoHash, piece: number): void {
    const torrent = this.current(infoHash);
    if (torrent !== null && piece < torrent.metainfo.pieceCount) this.got(torrent, piece);
  }

  /** A piece is there: who serves the torrent and who downloads it are told, once. */
  got(torrent: Torrent, piece: number): void {
    if (torrent.have.add(piece)) this.#ports.got(torrent, piece);
  }

  /** Asks which pieces are there of content that is being downloaded. Never rejects. */
  async refresh(torrent: Torrent): Promise<void> {
    const { entry, metainfo } = torrent;
    const bits = await this.#haveOf(entry, metainfo.pieceCount);
    for (const piece of bits?.pieces() ?? []) this.got(torrent, piece);
  }

  /**
   * Asks which pieces are there of content that may have gone bad, and has no others any more.
   * False where nobody can say now. Never rejects.
   */
  async reread(torrent: Torrent): Promise<boolean> {
    const { have, entry } = torrent;
    const bits = await this.#ports.readHave(entry);
    if (bits === null) return false;
    for (const piece of bits.pieces()) this.got(torrent, piece);
    for (let piece = 0; piece < have.pieceCount; piece += 1) {
      if (!bits.has(piece) && have.remove(piece)) this.#ports.lost(torrent, piece);
    }
    return true;
  }

  /** What is known now, without asking anyone. */
  current(infoHash: InfoHash): Torrent | null {
    return this.#known.get(infoHash)?.torrent ?? null;
  }

  /** All that are known now, those nobody has used for longest first. */
  *known(): Iterable<Torrent> {
    for (const { torrent } of this.#known.values()) yield torrent;
  }

  #load(infoHash: InfoHash): Promise<FoundTorrent> {
    const underWay = this.#loading.get(infoHash);
    if (underWay !== undefined) return underWay;
    const loading = this.#lookUp(infoHash).finally(() => this.#loading.delete(infoHash));
    this.#loading.set(infoHash, loading);
    return loading;
  }

  async #lookUp(infoHash: InfoHash): Promise<FoundTorrent> {
    const { catalog, clock, log } = this.#ports;
    const known = this.#known.get(infoHash);
    try {
      // Of one that is known the metainfo is hardly ever wanted.
      const found = await (known === undefined
        ? catalog.findWhole(infoHash)
        : findEntry(catalog, infoHash));
      if (found === null) {
        this.#forget(infoHash);
        return { kind: "refused", reason: "torrent-unknown" };
      }
      const { entry } = found;
      if (known !== undefined && canServe(known.torrent, entry)) {
        this.#renew(known.torrent, entry);
        known.checkedAtMs = clock.nowMs();
        return { kind: "torrent", torrent: known.torrent };
      }
      // Asked for by an alias that was not known to be one.
      if (entry.infoHash !== infoHash) return await this.#loadNamed(infoHash, entry.infoHash);
      const torrent = await this.#read(found);
      if (torrent === null) return { kind: "refused", reason: "torrent-unreadable" };
      this.#remember(torrent);
      return { kind: "torrent", torrent };
    } catch (error) {
      log.warn("catalog unreachable", { infoHash, reason: errorMessage(error) });
      if (known !== undefined) return { kind: "torrent", torrent: known.torrent };
      return { kind: "refused", reason: "torrent-unreadable" };
    }
  }

  #renew(torrent: Torrent, entry: CatalogEntry): void {
    const { upload, choking } = torrent.entry;
    const isSame = isDeepStrictEqual([upload, choking], [entry.upload, entry.choking]);
    const wasIncomplete = torrent.entry.incomplete === true;
    torrent.entry = entry;
    if (!isSame) this.#ports.changed(torrent);
    if (wasIncomplete) void this.refresh(torrent);
    else if (entry.incomplete === true) void this.reread(torrent);
  }

  /** Null where it cannot be said now. */
  async #haveOf(entry: CatalogEntry, pieceCount: number): Promise<Bitfield | null> {
    return entry.incomplete ? await this.#ports.readHave(entry) : Bitfield.full(pieceCount);
  }

  #loadNamed(alias: InfoHash, infoHash: InfoHash): Promise<FoundTorrent> {
    const known = this.#known.get(infoHash);
    if (known === undefined) return this.#load(infoHash);
    this.#aliases.set(alias, infoHash);
    return Promise.resolve({ kind: "torrent", torrent: known.torrent });
  }

  async #read({ entry, ...found }: FoundTorrentEntry): Promise<Torrent | null> {
    const { log } = this.#ports;
    const bytes = await found.metainfo();
    const metainfo = bytes === null ? null : parseMetainfo(bytes);
    if (metainfo?.kind === "metainfo" && metainfo.infoHash === entry.infoHash) {
      const { pieceCount } = metainfo;
      const have = await this.#haveOf(entry, pieceCount);
      return new Torrent(metainfo, entry, have ?? Bitfield.empty(pieceCount));
    }
    const code = metainfo?.kind === "violation" ? metainfo.code : "absent-or-another";
    log.error("metainfo unusable", { infoHash: entry.infoHash, code });
    return null;
  }

  #remember(torrent: Torrent): void {
    this.#forget(torrent.infoHash);
    this.#known.set(torrent.infoHash, { torrent, checkedAtMs: this.#ports.clock.nowMs() });
    for (const alias of torrent.entry.aliases) this.#aliases.set(alias, torrent.infoHash);
    if (this.#known.size <= IDLE_TORRENTS_MAX) return;
    // Not this one, whose peers are on their way in: where all others are in use there are more.
    const idle = this.#known
      .keys()
      .find((infoHash) => infoHash !== torrent.infoHash && !this.#ports.inUse(infoHash));
    if (idle !== undefined) this.#forget(idle);
  }

  #forget(infoHash: InfoHash): void {
    const known = this.#known.get(infoHash);
    if (known === undefined) return;
    this.#known.delete(infoHash);
    for (const alias of known.torrent.entry.aliases) this.#aliases.delete(alias);
    this.#ports.dropped(known.torrent);
  }
}

async function findEntry(catalog: Catalog, infoHash: InfoHash): Promise<FoundTorrentEntry | null> {
  const entry = await catalog.findByAny(infoHash);
  if (entry === null) return null;
  return { entry, metainfo: () => catalog.metainfo(entry.infoHash) };
}

/**
 * Whether what is known of a torrent can go on being served: its bytes are the same by its info
 * hash, but pieces that could not be had may be there again once its sources are others.
 */
function canServe({ entry, have }: Torrent, found: CatalogEntry): boolean {
  if (have.isFull) return true;
  const sameSources = JSON.stringify(entry.sources) === JSON.stringify(found.sources);
  return sameSources && entry.addedAtMs === found.addedAtMs;
}
