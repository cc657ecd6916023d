import { Landing } from "@seedfleet/bus";
import { pieceLengthAt } from "@seedfleet/metainfo";
import type { PieceFramer } from "../blocks/framed-piece.ts";
import type { PieceCache } from "../blocks/piece-cache.ts";
import type { Torrent } from "../torrents/torrent.ts";
import type { PieceSeals, PlacedPiece } from "./piece-seals.ts";
import { partsOf, takeVerified } from "./take-verified.ts";

/**
 * Reads one whole piece, in chunks as they came, or none where `landing` has been filled instead;
 * rejects with an error whose code says why not. `verify` has the store check its hash, source by
 * source, since what came before was wrong.
 */
export type ReadPiece = (
  torrent: Torrent,
  piece: number,
  options: { readonly verify: boolean; readonly landing: Landing | null },
) => Promise<readonly Uint8Array[]>;

export type PieceIntakePorts = {
  readonly cache: PieceCache;
  readonly readPiece: ReadPiece;
  readonly seals: PieceSeals;
  /** Takes back the memory of a chunk that was read. */
  readonly recycle: (chunk: Uint8Array) => void;
};

/** What was read of a piece, which nobody has verified. */
type Arrived = {
  readonly chunks: readonly Uint8Array[];
  /** Its memory in the cache, where it has some. */
  readonly place: PieceFramer | null;
  /** Whether the chunks lie there already. */
  readonly isPlaced: boolean;
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
    const canLand = !verify && this.#canLand(torrent, piece);
    const place = canLand ? cache.expect(piece, lengthBytes) : null;
    const landing = place && new Landing(place.places());
    let chunks: readonly Uint8Array[];
    try {
      chunks = await readPiece(torrent, piece, { verify, landing });
    } catch (error) {
      if (place !== null) cache.giveUp(place, { isWritten: landing?.isTaken === true });
      throw error;
    }
    if (place !== null && landing !== null) {
      if (landing.isFilled && chunks.every(({ length }) => length === 0)) {
        return this.#takeIn(torrent, piece, { chunks: landing.parts, place, isPlaced: true });
      }
      // They came from elsewhere, while a source that was too slow may still write there.
      if (landing.isTaken) cache.giveUp(place, { isWritten: true });
    }
    const free = landing?.isTaken ? null : place;
    const isRight = this.#takeIn(torrent, piece, { chunks, place: free, isPlaced: false });
    for (const chunk of chunks) recycle(chunk);
    return isRight;
  }

  /** A tree is made of the bytes as one, so they are better read as one until there is a seal. */
  #canLand({ metainfo, sealed, shelf }: Torrent, index: number): boolean {
    if (metainfo.pieceHashes !== null) return true;
    const place = { torrent: shelf.serial, index, pieceCount: metainfo.pieceCount };
    return this.#ports.seals.kept(sealed, place) !== null;
  }

  /** Puts a piece into the cache, if it is known again by its seal or its hash is right. */
  #takeIn(torrent: Torrent, piece: number, { chunks, place, isPlaced }: Arrived): boolean {
    const { cache, seals } = this.#ports;
    const { metainfo, sealed, shelf } = torrent;
    const placed = { torrent: shelf.serial, index: piece, pieceCount: metainfo.pieceCount };
    const write = (framer: PieceFramer): boolean => {
      const arrived = { chunks, place: framer, isPlaced };
      if (this.#isKnown(torrent, placed, arrived)) return true;
      const sealing = seals.begin(placed);
      const isRight = takeVerified({ metainfo, piece, chunks }, (part, at) => {
        if (!isPlaced) framer.write(part, at);
        sealing.push(framer.wire(at, part.length));
      });
      if (isRight) seals.keep(sealed, placed, sealing.seal());
      return isRight;
    };
    const filled = { shelf, piece, expected: place };
    return cache.fill(filled, pieceLengthAt(metainfo, piece), write) !== null;
  }

  /** The seal is that of the piece as it goes over the wire, which is in one part. */
  #isKnown(
    { metainfo, sealed }: Torrent,
    placed: PlacedPiece,
    { chunks, place: framer, isPlaced }: Arrived & { readonly place: PieceFramer },
  ): boolean {
    const { seals } = this.#ports;
    const kept = seals.kept(sealed, placed);
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (kept === null || length !== pieceLengthAt(metainfo, placed.index)) return false;
    const sealing = seals.begin(placed);
    if (isPlaced) sealing.push(framer.framed);
    else {
      for (const { part, at } of partsOf(chunks)) {
        framer.write(part, at);
        sealing.push(framer.wire(at, part.length));
      }
    }
    return Buffer.compare(sealing.seal(), kept) === 0;
  }
}
