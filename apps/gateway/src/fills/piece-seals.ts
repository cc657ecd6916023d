import { createCipheriv } from "node:crypto";

const ALGORITHM = "aes-128-gcm";
export const SEAL_KEY_BYTES = 16;
const NONCE_BYTES = 12;

/** Of a seal's sixteen bytes: nobody gets more than a few tries at a piece. */
const SEAL_BYTES = 8;

/** The seals of one torrent's pieces, side by side; zeros where there is none. */
export type SealedPieces = { bytes: Uint8Array | null };

/**
 * Knows pieces again that were verified before, at a fraction of what their hash costs: GMAC
 * (NIST SP 800-38D) runs at tens of GB per second where SHA-1 does two. A cache that turns over
 * reads the same pieces again and again, and each time somebody might have changed them.
 *
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
   * Begins to seal a piece, whose bytes then go through in order. The place goes in with the bytes:
   * one piece's seal fits no other.
   */
  begin({ torrent, index }: PlacedPiece): Sealing {
    const nonce = Buffer.alloc(NONCE_BYTES);
    nonce.writeDoubleBE(torrent, 0);
    nonce.writeUInt32BE(index, 8);
    const gmac = createCipheriv(ALGORITHM, this.#key, nonce);
    return {
      push: (part) => void gmac.setAAD(part),
      seal() {
        gmac.final();
        return gmac.getAuthTag().subarray(0, SEAL_BYTES);
      },
    };
  }

  /** Remembers the seal of a piece whose hash is right. */
  keep(sealed: SealedPieces, { index, pieceCount }: PlacedPiece, seal: Uint8Array): void {
    sealed.bytes ??= new Uint8Array(pieceCount * SEAL_BYTES);
    sealed.bytes.set(seal, index * SEAL_BYTES);
  }

  /** The seal that is remembered, or null. */
  kept({ bytes }: SealedPieces, { index }: PlacedPiece): Uint8Array | null {
    const seal = bytes?.subarray(index * SEAL_BYTES, (index + 1) * SEAL_BYTES) ?? null;
    return seal === null || seal.every((byte) => byte === 0) ? null : seal;
  }
}

/** A seal in the making. */
export type Sealing = {
  /** The next bytes of the piece; they are read now. */
  push(part: Uint8Array): void;
  seal(): Uint8Array;
};

export type PlacedPiece = {
  /** A number that no other torrent has in this process. */
  readonly torrent: number;
  readonly index: number;
  readonly pieceCount: number;
};
