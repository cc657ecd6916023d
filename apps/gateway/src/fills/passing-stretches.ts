import { pieceLengthAt } from "@seedfleet/metainfo";
import { BLOCK_BYTES, type Block } from "@seedfleet/wire";
import type { AskedPieces } from "../blocks/asked-pieces.ts";
import {
  STRETCH_BYTES,
  Stretch,
  StretchMemory,
  type StretchPlace,
  stretchCount,
} from "../blocks/stretch.ts";
import type { Torrent } from "../torrents/torrent.ts";
import type { PieceSeals } from "./piece-seals.ts";

/** Of the cache, on top of it: stretches that sockets hold, or whose peers are not done with. */
export const PASSING_SHARE_MAX: number = 1 / 16;

/** Whatever the cache: a batch has four of them, and some are not asked for to the end. */
export const PASSING_STRETCHES_MIN = 16;

/** So many times that at most: who does not take what it asked for holds a whole stretch of it. */
export const PASSING_HELD_TIMES_MAX = 4;

/** Beyond this share of them slices are copied for the sockets, which would hold all else. */
const HELD_SHARE_MAX = 0.5;

/** A torrent has fewer; the numbers only have to differ mostly. */
const STRETCHES_PER_SHELF = 2 ** 30;

type PassingPorts = {
  readonly seals: PieceSeals;
  readonly asked: AskedPieces;
};

type Asker = {
  readonly torrent: Pick<Torrent, "infoHash" | "metainfo" | "readAtOnce" | "sealed" | "shelf">;
  readonly mark: number;
};

/** Where the block path finds blocks of pieces that are not cached. */
export interface Passing {
  /** The verified stretch of this block, held until `release`; null where it must be brought. */
  take(asker: Asker, block: Block): Stretch | null;
  release(stretch: Stretch): void;
  /** So much is held that further slices had better be copies. */
  readonly isCrowded: boolean;
}

/**
 * Has blocks of pieces that are not cached read and sent without caching them, where that needs no
 * wait: a store in this process reads what the system has in memory, and the piece was verified
 * before, so that each stretch of it is known again by its seal. What one peer wants once passes
 * through a few hundred KiB that stay in a core's cache, and pushes out nothing.
 *
 * A piece that a second peer asks for meanwhile is brought into the cache instead.
 */
export class PassingStretches implements Passing {
  readonly #ports: PassingPorts;
  readonly #stretchesMax: number;
  /** Those that were read, the least recently used first. */
  readonly #stretches = new Map<number, Stretch>();
  /** The last one used is taken first. */
  readonly #free: StretchMemory[] = [];
  #held = 0;
  #readBytes = 0;

  constructor(ports: PassingPorts, { cacheBytes }: { readonly cacheBytes: number }) {
    this.#ports = ports;
    const stretches = Math.floor((cacheBytes * PASSING_SHARE_MAX) / STRETCH_BYTES);
    this.#stretchesMax = Math.max(PASSING_STRETCHES_MIN, stretches);
  }

  /** Bytes of content that passed through. */
  get readBytes(): number {
    return this.#readBytes;
  }

  get isCrowded(): boolean {
    return this.#held > this.#stretchesMax * HELD_SHARE_MAX;
  }

  take(asker: Asker, block: Block): Stretch | null {
    const place = placeOf(asker.torrent, block);
    if (place === null) return null;
    const known = this.#stretches.get(place.key);
    const isKnown =
      known !== undefined && known.shelf === place.shelf && known.piece === place.piece;
    const stretch = isKnown ? known : this.#read(asker, place);
    if (stretch === null) return null;
    if (stretch.holders === 0) this.#held += 1;
    stretch.holders += 1;
    return stretch;
  }

  release(stretch: Stretch): void {
    stretch.holders -= 1;
    if (stretch.holders > 0) return;
    this.#held -= 1;
    this.#stretches.delete(stretch.key);
    if (stretch.leftBytes <= 0) this.#give(stretch.memory);
    else this.#stretches.set(stretch.key, stretch);
  }

  /** What was sealed when the piece was verified, read anew; null where that is not to be had. */
  #read({ torrent, mark }: Asker, place: StretchPlace & { readonly pieceBytes: number }) {
    const { infoHash, readAtOnce, sealed, shelf } = torrent;
    const { key, piece, begin, lengthBytes, pieceBytes } = place;
    const { seals, asked } = this.#ports;
    const index = begin / STRETCH_BYTES;
    const seal = sealed.keptOf(piece, index);
    if (seal === null || readAtOnce === null) return null;
    if (asked.ask(place, { pieceBytes, mark })) return null;
    const memory = this.#memory();
    if (memory === null) return null;
    const stretch = new Stretch(place, memory);
    const { framed } = stretch;
    const request = { infoHash, piece, begin, length: lengthBytes, verify: false };
    const isThere =
      readAtOnce(request, memory.placesFor(lengthBytes)) &&
      seals.fits({ torrent: shelf.serial, index: piece }, { stretch: index, framed }, seal);
    if (!isThere) {
      this.#give(memory);
      return null;
    }
    this.#readBytes += lengthBytes;
    this.#stretches.set(key, stretch);
    return stretch;
  }

  /** Of the one that nobody has asked on for the longest time; null where sockets hold all. */
  #memory(): StretchMemory | null {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#stretches.size >= this.#stretchesMax) {
      for (const [key, { holders, memory }] of this.#stretches) {
        if (holders > 0) continue;
        this.#stretches.delete(key);
        return memory;
      }
    }
    const isMost = this.#stretches.size >= this.#stretchesMax * PASSING_HELD_TIMES_MAX;
    return isMost ? null : new StretchMemory();
  }

  #give(memory: StretchMemory): void {
    if (this.#stretches.size + this.#free.length < this.#stretchesMax) this.#free.push(memory);
  }
}

/** Where the stretch of a block lies; null of a block that is not cut as all clients cut them. */
function placeOf({ metainfo, shelf }: Asker["torrent"], { piece, begin, length }: Block) {
  const pieceBytes = pieceLengthAt(metainfo, piece);
  const isUsual = length === BLOCK_BYTES || begin + length === pieceBytes;
  if (begin % BLOCK_BYTES !== 0 || !isUsual) return null;
  const stretch = Math.floor(begin / STRETCH_BYTES);
  const number = piece * stretchCount(metainfo.pieceLengthBytes) + stretch;
  const from = stretch * STRETCH_BYTES;
  return {
    ...{ key: shelf.serial * STRETCHES_PER_SHELF + number, shelf, piece },
    ...{ begin: from, lengthBytes: Math.min(STRETCH_BYTES, pieceBytes - from), pieceBytes },
  };
}
