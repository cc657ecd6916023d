import assert from "node:assert/strict";
import type { ListedRun } from "@seedfleet/content-fs";
import { PIECE_HASH_BYTES } from "@seedfleet/metainfo";
import type { HashCheckpoint, HashPlan, PieceDigests } from "./hash-plan.ts";
import { assertPieces, type HashUnit, hashUnits, pieceCountOf } from "./hash-units.ts";
import { NODE_BYTES } from "./merkle-root.ts";
import type { UnitDigests, UnitShape } from "./unit-hasher.ts";

/** Of a job so short that less is at stake, nobody wants a checkpoint. */
export const CHECKPOINT_BYTES: number = 256 * 1024 * 1024;

/** However long a job is: what is written for it in all stays a few dozen times its hashes. */
const CHECKPOINTS_MAX = 64;

/**
 * One torrent that is being hashed: which units are to come, what came of those that are done, and
 * who is told. The order in which units end makes no difference to the result.
 */
export class HashJob {
  readonly plan: HashPlan;
  readonly digests: Promise<PieceDigests>;
  /** Shared with the threads that hash it: not 0 once nobody waits for it any more. */
  readonly cancelled: Int32Array = new Int32Array(new SharedArrayBuffer(4));
  readonly #settle = Promise.withResolvers<PieceDigests>();
  readonly #pieceCount: number;
  readonly #units: Iterator<HashUnit, void>;
  /** To be hashed before any other: the first of `#units`, and what is to be done again. */
  readonly #next: HashUnit[] = [];
  readonly #begunAgain = new Set<number>();
  readonly #hashes: Uint8Array | null;
  readonly #roots: Uint8Array | null;
  /** All pieces below are hashed, and after them those of the units in the map, by first piece. */
  #donePieces: number;
  readonly #doneAfter = new Map<number, number>();
  #checkpointPieces: number;
  #doneBytes: number;
  /** Of the units under way, by first piece. */
  readonly #hashedBytes = new Map<number, number>();
  #toldBytes = 0;
  #isSettled = false;

  constructor(plan: HashPlan) {
    assertPieces(plan);
    const { version, resume, signal } = plan;
    this.plan = plan;
    this.digests = this.#settle.promise;
    this.#pieceCount = pieceCountOf(plan);
    this.#hashes = version === "v2" ? null : new Uint8Array(this.#pieceCount * PIECE_HASH_BYTES);
    this.#roots = version === "v1" ? null : new Uint8Array(this.#pieceCount * NODE_BYTES);
    this.#donePieces = resume?.pieceCount ?? 0;
    this.#checkpointPieces = this.#donePieces;
    this.#doneBytes = contentBytesBelow(plan, this.#donePieces);
    if (resume !== null) this.#resume(resume);
    this.#units = hashUnits(plan, this.#donePieces);
    this.#prepareNext();
    signal.addEventListener("abort", this.#abort);
    if (this.#donePieces === this.#pieceCount) this.#succeed();
  }

  /** Whether its threads can read the content by themselves. */
  get isLocal(): boolean {
    return this.plan.content.localPath !== undefined;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  get hasUnits(): boolean {
    return !this.#isSettled && this.#next.length > 0;
  }

  /** The next unit to hash. There is one. */
  take(): HashUnit {
    const unit = this.#next.shift();
    assert(unit !== undefined);
    if (this.#next.length === 0) this.#prepareNext();
    return unit;
  }

  shapeOf({ pieceCount, runs }: HashUnit): UnitShape {
    const { version, pieceLengthBytes } = this.plan;
    const shapes = runs.map(({ lengthBytes, contentFile, isOnePiece }) => {
      return { lengthBytes, isPadding: contentFile === null, isOnePiece };
    });
    return { version, pieceLengthBytes, pieceCount, runs: shapes };
  }

  filesOf({ runs }: HashUnit): readonly ListedRun[] {
    const { localPath, listing } = this.plan.content;
    return runs.flatMap(({ contentFile, offsetBytes, lengthBytes }) => {
      if (contentFile === null) return [];
      const file = listing.files[contentFile];
      assert(file !== undefined && localPath !== undefined);
      const { sizeBytes, modified, identity } = file;
      const listed = { sizeBytes, modified, identity };
      return { path: localPath(contentFile), listed, offsetBytes, lengthBytes };
    });
  }

  /** So many bytes of a unit are hashed. */
  hashed(unit: HashUnit, hashedBytes: number): void {
    if (this.#isSettled) return;
    this.#hashedBytes.set(unit.firstPiece, hashedBytes);
    this.#tell();
  }

  done(unit: HashUnit, { pieceHashes, pieceRoots }: UnitDigests): void {
    if (this.#isSettled) return;
    const { firstPiece, pieceCount, contentBytes } = unit;
    if (pieceHashes !== null) this.#hashes?.set(pieceHashes, firstPiece * PIECE_HASH_BYTES);
    if (pieceRoots !== null) this.#roots?.set(pieceRoots, firstPiece * NODE_BYTES);
    this.#hashedBytes.delete(firstPiece);
    this.#doneBytes += contentBytes;
    this.#doneAfter.set(firstPiece, pieceCount);
    let next = this.#doneAfter.get(this.#donePieces);
    for (; next !== undefined; next = this.#doneAfter.get(this.#donePieces)) {
      this.#doneAfter.delete(this.#donePieces);
      this.#donePieces += next;
    }
    this.#tell();
    if (this.#donePieces === this.#pieceCount) this.#succeed();
    else if (this.#isCheckpointDue()) this.#giveCheckpoint();
  }

  /** Has a unit hashed once more, if it was not before. */
  again(unit: HashUnit): boolean {
    if (this.#begunAgain.has(unit.firstPiece)) return false;
    this.#begunAgain.add(unit.firstPiece);
    this.#next.unshift(unit);
    return true;
  }

  fail(error: unknown): void {
    if (this.#isSettled) return;
    this.#end();
    this.#settle.reject(error);
  }

  #succeed(): void {
    this.#end();
    this.#settle.resolve({ pieceHashes: this.#hashes, pieceRoots: this.#roots });
  }

  readonly #abort = (): void => {
    if (this.#donePieces > this.#checkpointPieces) this.#giveCheckpoint();
    this.fail(this.plan.signal.reason);
  };

  #end(): void {
    this.#isSettled = true;
    Atomics.store(this.cancelled, 0, 1);
    this.plan.signal.removeEventListener("abort", this.#abort);
  }

  #prepareNext(): void {
    const { value } = this.#units.next();
    if (value !== undefined) this.#next.push(value);
  }

  #resume({ pieceCount, pieceHashes, pieceRoots }: HashCheckpoint): void {
    assert(pieceCount >= 0 && pieceCount <= this.#pieceCount);
    for (const [before, into, bytes] of [
      [pieceHashes, this.#hashes, PIECE_HASH_BYTES],
      [pieceRoots, this.#roots, NODE_BYTES],
    ] as const) {
      if (into === null) continue;
      assert.equal(before?.length, pieceCount * bytes);
      into.set(before);
    }
    this.#tell();
  }

  #tell(): void {
    const underWay = this.#hashedBytes.values().reduce((sum, bytes) => sum + bytes, 0);
    // A unit that is done again begins anew, but nobody shall see that.
    this.#toldBytes = Math.max(this.#toldBytes, this.#doneBytes + underWay);
    this.plan.hashed(this.#toldBytes);
  }

  #isCheckpointDue(): boolean {
    const newPieces = this.#donePieces - this.#checkpointPieces;
    const isWorthIt = newPieces * this.plan.pieceLengthBytes >= CHECKPOINT_BYTES;
    return isWorthIt && newPieces >= this.#pieceCount / CHECKPOINTS_MAX;
  }

  #giveCheckpoint(): void {
    const pieceCount = this.#donePieces;
    this.#checkpointPieces = pieceCount;
    this.plan.checkpoint?.({
      pieceCount,
      pieceHashes: this.#hashes?.subarray(0, pieceCount * PIECE_HASH_BYTES) ?? null,
      pieceRoots: this.#roots?.subarray(0, pieceCount * NODE_BYTES) ?? null,
    });
  }
}

/** How much of the first pieces is content, and not padding. */
function contentBytesBelow({ layout, pieceLengthBytes }: HashPlan, pieceCount: number): number {
  const end = pieceCount * pieceLengthBytes;
  return layout.files.reduce((sum, { offsetBytes, lengthBytes, padding }) => {
    const below = Math.min(lengthBytes, Math.max(0, end - offsetBytes));
    return padding ? sum : sum + below;
  }, 0);
}
