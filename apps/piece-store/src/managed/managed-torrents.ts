import { createHash } from "node:crypto";
import type { Bus } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import type { ManagedContent } from "@seedfleet/content";
import { FsManagedContentStore } from "@seedfleet/content-fs";
import { type CatalogEntry, MIRROR_BUCKET, mirror } from "@seedfleet/contracts";
import type { Metainfo } from "@seedfleet/metainfo";
import { type Clock, errorCode } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { entryOf } from "../catalog-entry.ts";
import { managedLocation } from "../content/locations.ts";
import { torrentBytes } from "../content/torrent-content.ts";
import type { TorrentLayout } from "../content/torrent-layout.ts";
import { managedContentOff, metainfoUnusable, torrentMirrored, torrentUnknown } from "../errors.ts";
import type { HeldTorrents } from "../held-torrents.ts";
import { KeyedTurns } from "../keyed-turns.ts";
import type { KnownMetainfo } from "../reading/known-metainfo.ts";
import type { TorrentConditions } from "../reading/torrent-conditions.ts";
import type { SourceBytes } from "../reading/torrent-source.ts";
import { managedFiles, managedLayout, managedSpans } from "./managed-layout.ts";

export type ManagedPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly conditions: TorrentConditions;
  readonly held: HeldTorrents;
  readonly known: KnownMetainfo;
  readonly log: Log;
  /** Told of every torrent that has got another source. */
  readonly changed: (infoHash: InfoHash) => void;
};

export type ManagedConfig = {
  readonly holder: string;
  /** Null keeps no content of our own. */
  readonly root: string | null;
};

export type Managed = { readonly entry: CatalogEntry; readonly havePieces: number };

export type ManagedTorrent = {
  readonly metainfo: Metainfo;
  readonly content: ManagedContent;
  readonly layout: TorrentLayout;
};

/**
 * Torrents whose files are the fleet's own: downloaded by gateways or uploaded. They come piece by
 * piece, and until then a piece is absent.
 */
export class ManagedTorrents implements AsyncDisposable {
  readonly #ports: ManagedPorts;
  readonly #holder: string;
  readonly #store: FsManagedContentStore | null;
  /** Who makes room for a torrent and who removes it wait for each other. */
  readonly #turns = new KeyedTurns();

  constructor(ports: ManagedPorts, { holder, root }: ManagedConfig) {
    this.#ports = ports;
    this.#holder = holder;
    this.#store = root === null ? null : new FsManagedContentStore(root);
  }

  /**
   * Makes room for a torrent whose metainfo is there, and puts it into the catalog, as incomplete
   * until every piece is here or where another source has it.
   */
  async manage(infoHash: InfoHash): Promise<Managed> {
    const store = this.#store;
    if (store === null) throw managedContentOff();
    return await this.#turns.run(infoHash, () => this.#manage(store, infoHash));
  }

  /**
   * Takes the torrent out of the catalog, as far as it is ours, and removes its files. Where it was
   * interrupted it goes on. Rejects with `torrent-mirrored` while gateways download it.
   */
  async unmanage(infoHash: InfoHash): Promise<{ readonly removed: boolean }> {
    const store = this.#store;
    if (store === null) throw managedContentOff();
    return await this.#turns.run(infoHash, async () => {
      const { bus, conditions, held, log } = this.#ports;
      const mirrors = await bus.keyValue(MIRROR_BUCKET);
      const found = await mirrors.get(infoHash);
      if (found !== null && isMirrorOf(found.value, this.#holder)) throw torrentMirrored(infoHash);
      const location = managedLocation(infoHash);
      const wasListed = await held.withdraw(infoHash, location);
      const wasThere = (await store.list()).includes(infoHash);
      conditions.forget(infoHash, location);
      await store.remove(infoHash);
      log.info("torrent unmanaged", { infoHash });
      return { removed: wasListed || wasThere };
    });
  }

  /** Whether every piece is here, on disk, and none is bad. Rejects with `content-unreadable`. */
  async isComplete(infoHash: InfoHash): Promise<boolean> {
    const content = (await this.#store?.open(infoHash)) ?? null;
    return content !== null && this.#isWhole(infoHash, content);
  }

  #isWhole(
    infoHash: InfoHash,
    { havePieces, pieceCount }: Pick<ManagedContent, "havePieces" | "pieceCount">,
  ): boolean {
    const bad = this.#ports.conditions.badPieces(infoHash, managedLocation(infoHash));
    return havePieces === pieceCount && bad.length === 0;
  }

  async #manage(store: FsManagedContentStore, infoHash: InfoHash): Promise<Managed> {
    const { changed, clock, held, log } = this.#ports;
    const metainfo = await this.#metainfo(infoHash);
    const { name, pieceCount } = metainfo;
    if (metainfo.pieceHashes === null && metainfo.pieceRoots === null) {
      throw metainfoUnusable(infoHash, "it has no piece layers, so no piece of it can be checked");
    }
    const files = managedFiles(metainfo);
    const content = await store.create(infoHash, { files, pieceCount });
    const { havePieces } = content;
    const location = managedLocation(infoHash);
    const fingerprint = createHash("sha256").update(location).digest("hex");
    const source = { holder: this.#holder, shared: false, location, fingerprint };
    const whole = entryOf(metainfo, [source], clock.nowMs());
    const isWhole = this.#isWhole(infoHash, content);
    const entry = await held.publish(isWhole ? whole : { ...whole, incomplete: true });
    changed(infoHash);
    log.info("torrent managed", { infoHash, name, pieceCount, havePieces });
    return { entry, havePieces };
  }

  /** Null where it is not managed here. Rejects with `content-unreadable`. */
  async open(infoHash: InfoHash): Promise<ManagedTorrent | null> {
    const content = (await this.#store?.open(infoHash)) ?? null;
    if (content === null) return null;
    const { recordFault } = content;
    if (recordFault !== null) {
      this.#ports.log.warn("managed content without its notes", { infoHash, reason: recordFault });
    }
    const metainfo = await this.#metainfo(infoHash);
    return { metainfo, content, layout: managedLayout(metainfo) };
  }

  /** The bytes that are here of a torrent; null where it is not managed here. */
  async find(infoHash: InfoHash): Promise<SourceBytes | null> {
    const managed = await this.open(infoHash);
    if (managed === null) return null;
    // Of the metainfo nothing more is kept: the hashes of a large torrent take megabytes.
    const { content, layout } = managed;
    const { pieceLengthBytes } = managed.metainfo;
    const bytes = torrentBytes(content, layout);
    return {
      has: (piece) => content.has(piece),
      bitfield: () => content.bitfield(),
      read: (begin, into) => bytes.read(begin, into),
      isManaged: true,
      async repair(begin, right) {
        const piece = Math.floor(begin / pieceLengthBytes);
        await content.markAbsent(piece);
        await content.writePiece(piece, managedSpans(layout, begin, [right]));
      },
    };
  }

  /** Ends what is being written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store?.[Symbol.asyncDispose]();
  }

  async #metainfo(infoHash: InfoHash): Promise<Metainfo> {
    return await this.#ports.known.of(infoHash).catch((error: unknown) => {
      throw errorCode(error) === "metainfo-unusable" ? torrentUnknown(infoHash) : error;
    });
  }
}

/** What cannot be read says that it is one: nothing is removed on a guess. */
function isMirrorOf(value: Uint8Array, holder: string): boolean {
  try {
    return mirror.parse(JSON.parse(new TextDecoder().decode(value))).holder === holder;
  } catch {
    return true;
  }
}
