import assert from "node:assert/strict";
import { createHash, type Hash } from "node:crypto";
import {
  fileSpans,
  type MetainfoFile,
  pieceHash,
  pieceLengthAt,
  type VerifiableMetainfo,
} from "@seedfleet/metainfo";
import { PieceRoots } from "../hashing/piece-roots.ts";

const PIECE_ROOT_BYTES = 32;

/**
 * Whether bytes are those of a piece, as `verifyPiece()` says of all of them together, but as they
 * come, however they are cut: a piece of half a gigabyte need not be in memory, nor be hashed
 * without a pause.
 */
export interface PieceVerifier {
  /** So many bytes have to come. Those of a v2 torrent may go on with zeros, as on the wire. */
  readonly lengthBytes: number;
  push(bytes: Uint8Array): void;
  /** To be asked once, when all have come. */
  isRight(): boolean;
}

/** By the piece's SHA-1 where there is one (BEP 3), else by its tree (BEP 52). */
export function pieceVerifier(metainfo: VerifiableMetainfo, piece: number): PieceVerifier {
  return metainfo.pieceHashes === null
    ? new RootVerifier(metainfo, piece)
    : new HashVerifier(metainfo, piece);
}

/** The `lengthBytes` of its verifier. */
export function verifiedLengthBytes(metainfo: VerifiableMetainfo, piece: number): number {
  const pieceBytes = pieceLengthAt(metainfo, piece);
  if (metainfo.pieceHashes !== null) return pieceBytes;
  const { offsetBytes, lengthBytes } = fileOf(metainfo, piece);
  return Math.min(pieceBytes, offsetBytes + lengthBytes - piece * metainfo.pieceLengthBytes);
}

class HashVerifier implements PieceVerifier {
  readonly lengthBytes: number;
  readonly #expected: Uint8Array;
  readonly #hash: Hash = createHash("sha1");
  #receivedBytes = 0;

  constructor(metainfo: VerifiableMetainfo, piece: number) {
    this.lengthBytes = pieceLengthAt(metainfo, piece);
    this.#expected = pieceHash(metainfo, piece);
  }

  push(bytes: Uint8Array): void {
    this.#receivedBytes += bytes.length;
    this.#hash.update(bytes);
  }

  isRight(): boolean {
    return this.#receivedBytes === this.lengthBytes && this.#hash.digest().equals(this.#expected);
  }
}

class RootVerifier implements PieceVerifier {
  readonly lengthBytes: number;
  readonly #paddingBytes: number;
  readonly #isOnePiece: boolean;
  readonly #expected: Uint8Array | null;
  readonly #roots: PieceRoots;
  #receivedBytes = 0;
  #isPaddingZero = true;

  constructor(metainfo: VerifiableMetainfo, piece: number) {
    const { pieceRoots, pieceLengthBytes } = metainfo;
    const file = fileOf(metainfo, piece);
    this.lengthBytes = verifiedLengthBytes(metainfo, piece);
    this.#paddingBytes = pieceLengthAt(metainfo, piece) - this.lengthBytes;
    this.#isOnePiece = file.lengthBytes <= pieceLengthBytes;
    const at = piece * PIECE_ROOT_BYTES;
    const ofFile = this.#isOnePiece ? file.piecesRoot : null;
    this.#expected = pieceRoots?.subarray(at, at + PIECE_ROOT_BYTES) ?? ofFile;
    this.#roots = new PieceRoots({ pieceLengthBytes, pieceCount: 1 });
  }

  push(bytes: Uint8Array): void {
    const ofFile = bytes.subarray(0, Math.max(0, this.lengthBytes - this.#receivedBytes));
    this.#receivedBytes += bytes.length;
    const ends = this.#receivedBytes >= this.lengthBytes;
    if (ofFile.length > 0) this.#roots.push(ofFile, { ends, isOnePiece: this.#isOnePiece });
    this.#isPaddingZero &&= bytes.subarray(ofFile.length).every((byte) => byte === 0);
  }

  isRight(): boolean {
    const paddingBytes = this.#receivedBytes - this.lengthBytes;
    if (paddingBytes !== 0 && paddingBytes !== this.#paddingBytes) return false;
    if (this.#expected === null || !this.#isPaddingZero) return false;
    return Buffer.compare(this.#roots.take(), this.#expected) === 0;
  }
}

/** The file in which a piece begins, and in v2 the only one that has bytes in it. */
function fileOf(metainfo: VerifiableMetainfo, piece: number): MetainfoFile {
  const [first] = fileSpans(metainfo, piece * metainfo.pieceLengthBytes, 1);
  const file = first && metainfo.files[first.file];
  assert(file !== undefined);
  return file;
}
