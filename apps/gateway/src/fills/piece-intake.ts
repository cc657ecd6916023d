import { Landing } from "@seedfleet/bus";
import type { PieceRead } from "@seedfleet/contracts";
import { pieceLengthAt, pieceProof } from "@seedfleet/metainfo";
import { unframed } from "../blocks/framed-piece.ts";
import type { PieceCache } from "../blocks/piece-cache.ts";
import type { Torrent } from "../torrents/torrent.ts";
import type { TakePiece } from "./take-piece.ts";

/**
 * Reads one whole piece, in chunks as they came, or none where `landing` has been filled instead;
 * rejects with an error whose code says why not. `verify` has the store check its hash, source by
 * source, since what came before was wrong.
 */
export type ReadPiece = (
  torrent: Torrent,
  piece: number,
  options: { readonly verify: boolean; readonly landing: Landing<PieceRead> | null },
) => Promise<readonly Uint8Array[]>;

export type PieceIntakePorts = {
  readonly cache: PieceCache;
  readonly readPiece: ReadPiece;
  readonly take: TakePiece;
  /** Takes back the memory of a chunk that was read. */
  readonly recycle: (chunk: Uint8Array) => void;
};

/** What was read of a piece, which nobody has verified. */
type Arrived = {
  /** Null where the bytes lie in their frames already. */
  readonly chunks: readonly Uint8Array[] | null;
  readonly framed: Buffer;
};

/**
 * Reads pieces into the cache, and only those that are right: by their seal, or by their hash. A
 * store in this process reads them to their places; else they are copied there.
 */
export class PieceIntake {
  readonly #ports: PieceIntakePorts;

  constructor(ports: PieceIntakePorts) {
    this.#ports = ports;
  }

  /** Reads a piece into the cache, to its place where that can be; false if its bytes are wrong. */
  async read(
    torrent: Torrent,
    piece: number,
    { verify }: { readonly verify: boolean },
  ): Promise<boolean> {
    const { cache, readPiece, recycle } = this.#ports;
    const lengthBytes = pieceLengthAt(torrent.metainfo, piece);
    const place = !verify && this.#canLand(torrent, piece) ? cache.expect(lengthBytes) : null;
    const landing = place && new Landing<PieceRead>(unframed(place, 0, lengthBytes));
    let chunks: readonly Uint8Array[];
    try {
      chunks = await readPiece(torrent, piece, { verify, landing });
    } catch (error) {
      if (place !== null) cache.giveUp(place, { isWritten: landing?.isTaken === true });
      throw error;
    }
    if (place !== null && landing !== null) {
      torrent.readAtOnce = landing.atOnce ?? torrent.readAtOnce;
      if (landing.isFilled && chunks.every(({ length }) => length === 0)) {
        return this.#takeIn(torrent, piece, { chunks: null, framed: place });
      }
      // They came from elsewhere, while a source that was too slow may still write there.
      if (landing.isTaken) cache.giveUp(place, { isWritten: true });
    }
    const free = landing?.isTaken ? null : place;
    const framed = free ?? cache.begin(lengthBytes);
    const isRight = await this.#takeIn(torrent, piece, { chunks, framed });
    for (const chunk of chunks) recycle(chunk);
    return isRight;
  }

  /** A tree is made of the bytes as one, so they are better read as one until there is a seal. */
  #canLand({ metainfo, sealed }: Torrent, piece: number): boolean {
    if (metainfo.pieceHashes !== null) return true;
    return sealed.kept(piece, pieceLengthAt(metainfo, piece)) !== null;
  }

  /** Puts a piece into the cache, if it is known again by its seal or its hash is right. */
  async #takeIn(
    { metainfo, sealed, shelf }: Torrent,
    piece: number,
    { chunks, framed }: Arrived,
  ): Promise<boolean> {
    const { cache, take } = this.#ports;
    const proof = pieceProof(metainfo, piece);
    const { lengthBytes } = proof;
    const place = { torrent: shelf.serial, index: piece, lengthBytes };
    const kept = sealed.kept(piece, lengthBytes);
    const taken = take({ place, proof, chunks, framed, kept });
    // What is taken here is kept at once: memory begun meanwhile would push out what is cached.
    const seal = taken instanceof Promise ? await taken : taken;
    if (seal === null) {
      cache.giveUp(framed, { isWritten: false });
      return false;
    }
    if (seal !== kept) sealed.keep(piece, seal);
    cache.keep({ shelf, piece }, framed);
    return true;
  }
}
