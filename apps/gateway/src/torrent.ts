import { Bitfield } from "@seedfleet/bitfield";
import type { InfoHash } from "@seedfleet/bytes";
import type { CatalogEntry } from "@seedfleet/contracts";
import type { Metainfo } from "@seedfleet/metainfo";
import { Shelf } from "./piece-cache.ts";

/** What a gateway holds of a torrent that some peer asked for. */
export class Torrent {
  readonly metainfo: Metainfo;
  /** As the catalog has it now: sources may come and go while the torrent is served. */
  entry: CatalogEntry;
  /** The pieces we say we have: all, less those whose bytes cannot be had. */
  readonly have: Bitfield;
  readonly shelf: Shelf = new Shelf();

  constructor(metainfo: Metainfo, entry: CatalogEntry) {
    this.metainfo = metainfo;
    this.entry = entry;
    this.have = Bitfield.full(metainfo.pieceCount);
  }

  get infoHash(): InfoHash {
    return this.metainfo.infoHash;
  }
}
