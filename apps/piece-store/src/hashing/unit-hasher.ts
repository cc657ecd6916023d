import assert from "node:assert/strict";
import type { TorrentVersion } from "@seedfleet/metainfo";
import { partOf } from "./part-of.ts";
import { PieceHashes } from "./piece-hashes.ts";
import { PieceRoots } from "./piece-roots.ts";

/** What of a unit has to be known to hash it, wherever its bytes come from. */
export type UnitShape = {
  readonly version: TorrentVersion;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  readonly runs: readonly RunShape[];
};

export type RunShape = {
  readonly lengthBytes: number;
  readonly isPadding: boolean;
  readonly isOnePiece: boolean;
};

export type UnitDigests = {
  readonly pieceHashes: Uint8Array<ArrayBuffer> | null;
  readonly pieceRoots: Uint8Array<ArrayBuffer> | null;
};

/**
 * Hashes one unit: bytes of its files are pushed in their order, however they are cut, and hashed
 * for v1 and v2 while they are in the processor's cache. Padding is its own business.
 */
export class UnitHasher {
  readonly #runs: readonly RunShape[];
  readonly #hashes: PieceHashes | null;
  readonly #roots: PieceRoots | null;
  #run = 0;
  #leftBytes = 0;

  constructor(unit: UnitShape) {
    this.#runs = unit.runs;
    this.#hashes = unit.version === "v2" ? null : new PieceHashes(unit);
    this.#roots = unit.version === "v1" ? null : new PieceRoots(unit);
    this.#begin(0);
  }

  get isDone(): boolean {
    return this.#run === this.#runs.length;
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const run = this.#runs[this.#run];
      assert(run !== undefined);
      const part = partOf(bytes, at, at + this.#leftBytes);
      at += part.length;
      this.#leftBytes -= part.length;
      const ends = this.#leftBytes === 0;
      this.#hashes?.push(part);
      this.#roots?.push(part, { ends, isOnePiece: run.isOnePiece });
      if (ends) this.#begin(this.#run + 1);
    }
  }

  digests(): UnitDigests {
    assert(this.isDone);
    return {
      pieceHashes: this.#hashes?.take() ?? null,
      pieceRoots: this.#roots?.take() ?? null,
    };
  }

  /** Goes on to a run, and past padding. */
  #begin(first: number): void {
    this.#run = first;
    for (let run = this.#runs[first]; run?.isPadding; run = this.#runs[this.#run]) {
      this.#hashes?.pad(run.lengthBytes);
      this.#run += 1;
    }
    this.#leftBytes = this.#runs[this.#run]?.lengthBytes ?? 0;
  }
}
