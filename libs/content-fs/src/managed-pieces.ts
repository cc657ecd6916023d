import { join } from "node:path";
import { contentUnwritable } from "@seedfleet/content";
import { writeFault } from "./managed-faults.ts";
import { blockOf, type PieceRecord, RECORD_BLOCK_BYTES } from "./managed-record.ts";
import { fdatasync, withFile, writeAt } from "./managed-system-calls.ts";
import { CONTENT_DIRECTORY, RECORD_FILE, replaceFile } from "./managed-tree.ts";
import type { Turns } from "./managed-turns.ts";
import { type FileWrites, writeFiles } from "./managed-write-files.ts";

/** A piece that comes, with what is to be written of it, or one that goes. */
type Change = {
  readonly piece: number;
  readonly writes: FileWrites | null;
  readonly settled: PromiseWithResolvers<void>;
};

export type ManagedPiecesPorts = {
  /** Of the torrent. */
  readonly directory: string;
  readonly turns: Turns;
};

/**
 * The pieces of one torrent that are there, and the only writer of its record.
 *
 * Changes are made in rounds: what comes while one is under way shares the syncs of the next. In a
 * round the bytes are synced first, the record after them, and only then is anybody told.
 */
export class ManagedPieces {
  readonly #ports: ManagedPiecesPorts;
  readonly #record: PieceRecord;
  #recordFault: string | null;
  /** Else all of the record on disk has to be written, not only what changes. */
  #isRecordSound: boolean;
  /** In the record, but perhaps not on disk yet. */
  readonly #unsynced = new Set<number>();
  readonly #queue: Change[] = [];
  /** The pieces on their way, so that one that comes twice is written once. */
  readonly #coming = new Map<number, Promise<void>>();
  #rounds: Promise<void> | null = null;
  #hasEnded = false;

  constructor(
    ports: ManagedPiecesPorts,
    { record, fault }: { readonly record: PieceRecord; readonly fault: string | null },
  ) {
    this.#ports = ports;
    this.#record = record;
    this.#recordFault = fault;
    this.#isRecordSound = fault === null;
  }

  get count(): number {
    return this.#hasEnded ? 0 : this.#record.count - this.#unsynced.size;
  }

  /** What was wrong with the record when it was read, until it is written anew. */
  get recordFault(): string | null {
    return this.#recordFault;
  }

  has(piece: number): boolean {
    return this.#record.has(piece) && !this.#unsynced.has(piece) && !this.#hasEnded;
  }

  bitfield(): Uint8Array {
    const bytes = this.#record.bitfield();
    if (this.#hasEnded) return bytes.fill(0);
    for (const piece of this.#unsynced) {
      bytes[piece >>> 3] = (bytes[piece >>> 3] ?? 0) & ~(0x80 >>> (piece & 7));
    }
    return bytes;
  }

  async add(piece: number, writes: FileWrites): Promise<void> {
    if (this.has(piece)) return;
    const coming = this.#coming.get(piece) ?? this.#change(piece, writes);
    this.#coming.set(piece, coming);
    try {
      await coming;
    } finally {
      if (this.#coming.get(piece) === coming) this.#coming.delete(piece);
    }
  }

  async remove(piece: number): Promise<void> {
    this.#record.remove(piece);
    this.#unsynced.delete(piece);
    // Who brings the piece from now on must not be taken for who brought it before.
    this.#coming.delete(piece);
    await this.#change(piece, null);
  }

  /** Ends what is under way; there are no pieces from now on. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#rounds;
  }

  async #change(piece: number, writes: FileWrites | null): Promise<void> {
    if (this.#hasEnded)
      throw contentUnwritable(this.#ports.directory, "its store keeps it no more");
    const settled = Promise.withResolvers<void>();
    this.#queue.push({ piece, writes, settled });
    this.#rounds ??= this.#runRounds();
    await settled.promise;
  }

  async #runRounds(): Promise<void> {
    // Whoever comes in the same turn of the event loop is in the first round.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#round(this.#queue.splice(0));
    this.#rounds = null;
  }

  /** Never rejects. */
  async #round(changes: readonly Change[]): Promise<void> {
    const { directory, turns } = this.#ports;
    const content = { directory: join(directory, CONTENT_DIRECTORY), turns };
    const faults = await writeFiles(
      content,
      changes.flatMap(({ writes }) => (writes === null ? [] : [writes])),
    );
    const faultOf = ({ writes }: Change): Error | undefined =>
      writes === null ? undefined : faults.get(writes);
    const written = changes.filter((change) => faultOf(change) === undefined);
    const recordFault = await this.#note(written);
    for (const change of changes) {
      const fault = faultOf(change) ?? recordFault;
      if (fault === null) change.settled.resolve();
      else change.settled.reject(fault);
    }
  }

  /** Notes what was written, synced, or gives what went wrong; then nothing of it is noted. */
  async #note(changes: readonly Change[]): Promise<Error | null> {
    if (changes.length === 0) return null;
    for (const { piece, writes } of changes) {
      if (writes === null) this.#forget(piece);
      else if (!this.#record.has(piece)) {
        this.#unsynced.add(piece);
        this.#record.add(piece);
      }
    }
    const blocks = new Set(changes.map(({ piece }) => blockOf(piece)));
    try {
      await this.#ports.turns.take(() => this.#writeRecord(blocks));
      for (const { piece } of changes) this.#unsynced.delete(piece);
      this.#recordFault = null;
      this.#isRecordSound = true;
      return null;
    } catch (error) {
      for (const piece of this.#unsynced) this.#forget(piece);
      this.#isRecordSound = false;
      return writeFault(join(this.#ports.directory, RECORD_FILE), error);
    }
  }

  #forget(piece: number): void {
    this.#record.remove(piece);
    this.#unsynced.delete(piece);
  }

  async #writeRecord(blocks: ReadonlySet<number>): Promise<void> {
    const { directory } = this.#ports;
    if (!this.#isRecordSound) {
      return replaceFile(directory, RECORD_FILE, this.#record.toBytes());
    }
    await withFile(join(directory, RECORD_FILE), "write", async (fd) => {
      for (const index of blocks) {
        await writeAt(fd, index * RECORD_BLOCK_BYTES, this.#record.block(index));
      }
      await fdatasync(fd);
    });
  }
}
