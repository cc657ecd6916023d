import { Bitfield } from "@seedfleet/bitfield";
import type { AtOnce } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { type CatalogEntry, type PieceRead, SUPER_SEED_PIECES_MAX } from "@seedfleet/contracts";
import { HashTrees, infoBytesNamed, type Metainfo } from "@seedfleet/metainfo";
import { Shelf } from "../blocks/cached-piece.ts";
import type { TorrentDownload } from "../downloads/torrent-download.ts";
import { SealedPieces } from "../fills/piece-seals.ts";
import type { RemoteDownload } from "../workers/remote-download.ts";

/** What a gateway holds of a torrent that some peer asked for. */
export class Torrent {
  readonly metainfo: Metainfo;
  /** As the catalog has it now: sources may come and go while the torrent is served. */
  entry: CatalogEntry;
  /** The pieces we say we have: all that are there, less those whose bytes cannot be had. */
  readonly have: Bitfield;
  readonly shelf: Shelf = new Shelf();
  /** By which pieces that were verified are known again. */
  readonly sealed: SealedPieces;
  /** Reads of it what need not be waited for; null where no store in this process has said how. */
  readAtOnce: AtOnce<PieceRead> | null = null;
  /** While this gateway downloads it. */
  download: TorrentDownload | null = null;
  /** While another thread of this gateway does. */
  remoteDownload: RemoteDownload | null = null;
  /** Block bytes sent to peers that are gone. */
  sentBytesOfGone = 0;
  #hashTrees: HashTrees | null = null;
  /** Those by other names that peers asked for so far: at most one for each alias. */
  readonly #infoBytes = new Map<InfoHash, Uint8Array>();

  constructor(metainfo: Metainfo, entry: CatalogEntry, have?: Bitfield) {
    this.metainfo = metainfo;
    this.entry = entry;
    this.sealed = new SealedPieces(metainfo);
    this.have = have ?? Bitfield.full(metainfo.pieceCount);
  }

  /** What hash requests (BEP 52) are answered from; made when the first one comes. */
  get hashTrees(): HashTrees {
    this.#hashTrees ??= new HashTrees(this.metainfo);
    return this.#hashTrees;
  }

  /**
   * The metadata (BEP 9) of a peer that knows the torrent by this name: it checks what it is given
   * by that hash. None where the name is no hash of ours.
   */
  infoBytesFor(name: InfoHash): Uint8Array {
    if (name === this.infoHash) return this.metainfo.infoBytes;
    const known = this.#infoBytes.get(name);
    if (known !== undefined) return known;
    const found = infoBytesNamed(this.metainfo, name) ?? new Uint8Array(0);
    this.#infoBytes.set(name, found);
    return found;
  }

  /** Whether peers that come are told of single pieces (BEP 16). */
  get superSeeds(): boolean {
    const { pieceCount } = this.metainfo;
    const isOn = this.entry.choking?.superSeeding === true && this.entry.incomplete !== true;
    // Who has the one piece of a torrent has it all, and needs not be told alone.
    return isOn && pieceCount > 1 && pieceCount <= SUPER_SEED_PIECES_MAX;
  }

  get isDownloading(): boolean {
    return this.download !== null || this.remoteDownload !== null;
  }

  get infoHash(): InfoHash {
    return this.metainfo.infoHash;
  }
}
