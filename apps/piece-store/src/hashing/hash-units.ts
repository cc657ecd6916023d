import assert from "node:assert/strict";
import type { TorrentVersion } from "@seedfleet/metainfo";
import type { HashLayout, HashLayoutFile } from "./hash-plan.ts";
import { BLOCK_BYTES } from "./piece-roots.ts";

/**
 * A unit takes a thread some milliseconds: long beside handing it over, short beside a job, so that
 * no thread waits long for the last one and other jobs have their turns.
 */
export const UNIT_BYTES: { readonly least: number; readonly most: number } = {
  least: 4 * 1024 * 1024,
  most: 32 * 1024 * 1024,
};

/** So many units keep a few dozen threads busy to the end. */
const UNITS_AIM = 256;

/** To open, look at and close a file takes as long as hashing so many bytes. */
const FILE_COST_BYTES: number = 16 * 1024;

/** Bytes of the torrent in a row: of one file, or zeros where `contentFile` is null. */
export type HashRun = {
  readonly contentFile: number | null;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Whether the whole file lies in one piece, which in v2 has a tree of its own size. */
  readonly isOnePiece: boolean;
};

/** Whole pieces in a row that one thread hashes: a few MiB of them, or one longer piece. */
export type HashUnit = {
  readonly firstPiece: number;
  readonly pieceCount: number;
  readonly runs: readonly HashRun[];
  /** Without padding. */
  readonly contentBytes: number;
};

export type PiecesOf = {
  readonly layout: HashLayout;
  readonly version: TorrentVersion;
  readonly pieceLengthBytes: number;
};

export function pieceCountOf({ layout, pieceLengthBytes }: PiecesOf): number {
  return Math.ceil(layout.sizeBytes / pieceLengthBytes);
}

/** Cuts a torrent into units from a piece on; one is made when it is asked for. */
export function* hashUnits(pieces: PiecesOf, firstPiece: number): Generator<HashUnit, void, void> {
  const pieceCount = pieceCountOf(pieces);
  const cursor = new LayoutCursor(pieces);
  cursor.skip(Math.min(firstPiece * pieces.pieceLengthBytes, pieces.layout.sizeBytes));
  const unitBytes = unitBytesOf(pieces.layout);
  for (let piece = firstPiece; piece < pieceCount; ) {
    const unit = new UnitDraft(piece);
    while (piece < pieceCount && unit.costBytes < unitBytes) {
      for (const run of cursor.take(pieces.pieceLengthBytes)) unit.add(run);
      piece += 1;
    }
    yield unit.finish(piece);
  }
}

function unitBytesOf({ sizeBytes }: HashLayout): number {
  return Math.min(UNIT_BYTES.most, Math.max(UNIT_BYTES.least, sizeBytes / UNITS_AIM));
}

class UnitDraft {
  readonly #firstPiece: number;
  readonly #runs: HashRun[] = [];
  #contentBytes = 0;
  costBytes = 0;

  constructor(firstPiece: number) {
    this.#firstPiece = firstPiece;
  }

  add(run: HashRun): void {
    this.costBytes += run.lengthBytes;
    if (run.contentFile !== null) this.#contentBytes += run.lengthBytes;
    const last = this.#runs.at(-1);
    if (last !== undefined && run.contentFile !== null && last.contentFile === run.contentFile) {
      this.#runs[this.#runs.length - 1] = {
        ...last,
        lengthBytes: last.lengthBytes + run.lengthBytes,
      };
      return;
    }
    this.costBytes += FILE_COST_BYTES;
    this.#runs.push(run);
  }

  finish(endPiece: number): HashUnit {
    const firstPiece = this.#firstPiece;
    const pieceCount = endPiece - firstPiece;
    return { firstPiece, pieceCount, runs: this.#runs, contentBytes: this.#contentBytes };
  }
}

/** A place in a layout that moves on as bytes are taken. */
class LayoutCursor {
  readonly #pieces: PiecesOf;
  #file = 0;
  #offsetBytes = 0;

  constructor(pieces: PiecesOf) {
    this.#pieces = pieces;
  }

  skip(lengthBytes: number): void {
    for (const _run of this.take(lengthBytes));
  }

  /** The runs of the next bytes, as many as are left. In v2 padding is not hashed: none of it. */
  *take(lengthBytes: number): Generator<HashRun, void, void> {
    const { layout, version, pieceLengthBytes } = this.#pieces;
    for (let left = lengthBytes; left > 0; ) {
      const file = layout.files[this.#file];
      if (file === undefined) return;
      const taken = Math.min(left, file.lengthBytes - this.#offsetBytes);
      if (taken > 0 && !(version === "v2" && file.padding)) {
        assert(version === "v1" || file.padding || file.offsetBytes % pieceLengthBytes === 0);
        yield this.#run(file, taken);
      }
      left -= taken;
      this.#offsetBytes += taken;
      if (this.#offsetBytes < file.lengthBytes) continue;
      this.#file += 1;
      this.#offsetBytes = 0;
    }
  }

  #run({ lengthBytes, padding, contentFile }: HashLayoutFile, taken: number): HashRun {
    assert(padding || contentFile !== null);
    return {
      contentFile: padding ? null : contentFile,
      offsetBytes: this.#offsetBytes,
      lengthBytes: taken,
      isOnePiece: lengthBytes <= this.#pieces.pieceLengthBytes,
    };
  }
}

/** Throws where a plan is not what the engine relies on: that is a mistake of ours. */
export function assertPieces({ layout, version, pieceLengthBytes }: PiecesOf): void {
  assert(Number.isSafeInteger(pieceLengthBytes) && pieceLengthBytes > 0);
  if (version === "v1") return;
  assert(pieceLengthBytes % BLOCK_BYTES === 0);
  assert(Number.isInteger(Math.log2(pieceLengthBytes / BLOCK_BYTES)));
  assert(layout.sizeBytes >= 0);
}
