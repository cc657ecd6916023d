import { createCipheriv } from "node:crypto";
import { FRAMED_STRETCH_BYTES, stretchCount } from "../blocks/stretch.ts";

const ALGORITHM = "aes-128-gcm";
export const SEAL_KEY_BYTES = 16;
const NONCE_BYTES = 12;
const TORRENT_BYTES = 6;

/** Of a seal's sixteen bytes: nobody gets more than a few tries at a piece. */
const SEAL_BYTES = 8;

/** Seals of so many pieces are kept side by side, from the first of them that there is. */
const PAGE_PIECES = 64;

/** The seals of one torrent's pieces, as far as they were verified. */
export class SealedPieces {
  readonly #pieceBytes: number;
  readonly #pages: (Uint8Array | undefined)[] = [];

  constructor({ pieceLengthBytes }: { readonly pieceLengthBytes: number }) {
    this.#pieceBytes = stretchCount(pieceLengthBytes) * SEAL_BYTES;
  }

  /** Remembers the seals of a piece whose hash is right, one for each stretch. */
  keep(piece: number, seals: Uint8Array): void {
    const page = Math.floor(piece / PAGE_PIECES);
    const bytes = this.#pages[page] ?? new Uint8Array(PAGE_PIECES * this.#pieceBytes);
    this.#pages[page] = bytes;
    bytes.set(seals, (piece % PAGE_PIECES) * this.#pieceBytes);
  }

  /** The seals of a piece of this length, or null. */
  kept(piece: number, pieceBytes: number): Uint8Array | null {
    return this.#at(piece, 0, stretchCount(pieceBytes));
  }

  /** The seal of one stretch, or null. */
  keptOf(piece: number, stretch: number): Uint8Array | null {
    return this.#at(piece, stretch, 1);
  }

  /** A seal of zeros is none: that it is one is a chance of one in 2^64. */
  #at(piece: number, stretch: number, count: number): Uint8Array | null {
    const page = this.#pages[Math.floor(piece / PAGE_PIECES)];
    if (page === undefined) return null;
    const at = (piece % PAGE_PIECES) * this.#pieceBytes + stretch * SEAL_BYTES;
    const seals = page.subarray(at, at + count * SEAL_BYTES);
    return seals.subarray(0, SEAL_BYTES).every((byte) => byte === 0) ? null : seals;
  }
}

/**
 * Knows pieces again that were verified before, at a fraction of what their hash costs: GMAC
 * (NIST SP 800-38D) runs at tens of GB per second where SHA-1 does two. A cache that turns over
 * reads the same pieces again and again, and each time somebody might have changed them.
 *
 * A piece has a seal for each of its stretches, so that one can be known again without the others.
 * Without the key, which never leaves the process, nobody can make other bytes that fit a seal;
 * neither a disk by chance nor a bucket on purpose. A piece whose seal is broken is hashed.
 */
export class PieceSeals {
  readonly #key: Uint8Array;

  /** `key`: `SEAL_KEY_BYTES` random bytes, for this process alone. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /**
   * Begins to seal a piece, which then goes through in order, framed. The place goes in with the
   * bytes: one piece's seals fit no other.
   */
  begin(place: PlacedPiece): Sealing {
    return new Sealing(place, (stretch) => this.#gmac(place, stretch));
  }

  /** Whether one stretch of a piece, framed, is what was sealed. */
  fits(
    place: Omit<PlacedPiece, "lengthBytes">,
    { stretch, framed }: { readonly stretch: number; readonly framed: Uint8Array },
    seal: Uint8Array,
  ): boolean {
    const gmac = this.#gmac(place, stretch);
    gmac.push(framed);
    return Buffer.compare(gmac.seal(), seal) === 0;
  }

  #gmac({ torrent, index }: Omit<PlacedPiece, "lengthBytes">, stretch: number): Gmac {
    const nonce = Buffer.allocUnsafe(NONCE_BYTES);
    nonce.writeUIntBE(torrent, 0, TORRENT_BYTES);
    nonce.writeUInt32BE(index, TORRENT_BYTES);
    nonce.writeUInt16BE(stretch, TORRENT_BYTES + 4);
    const gmac = createCipheriv(ALGORITHM, this.#key, nonce);
    return {
      push: (part) => void gmac.setAAD(part),
      seal() {
        gmac.final();
        return gmac.getAuthTag().subarray(0, SEAL_BYTES);
      },
    };
  }
}

/** The seal of one stretch in the making. */
type Gmac = {
  /** The next bytes; they are read now. */
  push(part: Uint8Array): void;
  seal(): Uint8Array;
};

/** The seals of a piece in the making. */
export class Sealing {
  readonly #seals: Uint8Array;
  readonly #begin: (stretch: number) => Gmac;
  #gmac: Gmac | null = null;
  #stretch = 0;
  #leftBytes = FRAMED_STRETCH_BYTES;

  constructor({ lengthBytes }: PlacedPiece, begin: (stretch: number) => Gmac) {
    this.#seals = new Uint8Array(stretchCount(lengthBytes) * SEAL_BYTES);
    this.#begin = begin;
  }

  /** The next bytes of the framed piece; they are read now. */
  push(part: Uint8Array): void {
    for (let at = 0; at < part.length; ) {
      const length = Math.min(this.#leftBytes, part.length - at);
      this.#gmac ??= this.#begin(this.#stretch);
      this.#gmac.push(part.subarray(at, at + length));
      at += length;
      this.#leftBytes -= length;
      if (this.#leftBytes === 0) this.#end(this.#gmac);
    }
  }

  /** All seals of the piece, one behind the other. */
  seal(): Uint8Array {
    if (this.#gmac !== null) this.#end(this.#gmac);
    return this.#seals;
  }

  #end(gmac: Gmac): void {
    this.#seals.set(gmac.seal(), this.#stretch * SEAL_BYTES);
    this.#gmac = null;
    this.#stretch += 1;
    this.#leftBytes = FRAMED_STRETCH_BYTES;
  }
}

export type PlacedPiece = {
  /** A number that no other torrent has in this process. */
  readonly torrent: number;
  readonly index: number;
  readonly lengthBytes: number;
};
