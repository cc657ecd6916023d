import assert from "node:assert/strict";
import type { CatalogEntry } from "@seedfleet/contracts";
import { type Metainfo, makeMetainfo, parseMetainfo } from "@seedfleet/metainfo";

/** A torrent of one file, as a piece-store has published it. */
export type Published = { readonly entry: CatalogEntry; readonly metainfo: Metainfo };

export type BulkTorrent = Published & { readonly bytes: Uint8Array };

/**
 * Very many torrents of few files. The name of a single file is part of its info hash, and where
 * it lies it may have any other: so each is a torrent of its own, whose content a store can read.
 * They are made anew each time they are asked for; a million would not fit otherwise.
 */
export class BulkTorrents {
  readonly #published: readonly Published[];
  readonly #announceUrl: string;

  /** `announceUrl` is where a client that follows the `.torrent` would announce itself. */
  constructor(published: readonly Published[], announceUrl: string) {
    assert(published.length > 0);
    this.#published = published;
    this.#announceUrl = announceUrl;
  }

  torrent(index: number): BulkTorrent {
    const published = this.#published[index % this.#published.length];
    assert(published !== undefined);
    const { pieceLengthBytes, pieceHashes, sizeBytes } = published.metainfo;
    const name = `torrent-${index}`;
    const bytes = makeMetainfo({
      ...{ version: "v1", name, single: true, files: [{ path: [name], lengthBytes: sizeBytes }] },
      ...{ pieceLengthBytes, pieceHashes, trackers: [[this.#announceUrl]] },
    });
    const metainfo = parseMetainfo(bytes);
    assert(metainfo.kind === "metainfo");
    const entry = { ...published.entry, infoHash: metainfo.infoHash, name, aliases: [] };
    return { entry, metainfo, bytes };
  }
}
