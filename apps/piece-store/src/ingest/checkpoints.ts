import assert from "node:assert/strict";
import type { Bus, ObjectStore } from "@seedfleet/bus";
import { INGEST_CHECKPOINT_BUCKET } from "@seedfleet/contracts";
import { PIECE_HASH_BYTES, type TorrentVersion } from "@seedfleet/metainfo";
import type { Clock } from "@seedfleet/runtime";
import type { HashCheckpoint } from "../hashing/hash-plan.ts";

/** No checkpoint is written sooner after the one before it, or after the job began. */
export const CHECKPOINT_INTERVAL_MS = 1_000;

/** Writing takes no more than this share of the time: the hashes of a large torrent are large. */
const WRITING_SHARE_MAX = 0.05;

const PIECE_ROOT_BYTES = 32;
const HEADER_BYTES_MAX = 1_024;
const LINE_FEED = 0x0a;

/** What must be as it was for a checkpoint to be of use. */
export type CheckpointKey = {
  readonly fingerprint: string;
  readonly version: TorrentVersion;
  readonly pieceLengthBytes: number;
};

/** How far one location of a job is hashed. */
export type Checkpoint = {
  /** Null when there is none of the same content and hashes. */
  load(key: CheckpointKey): Promise<HashCheckpoint | null>;
  /** Writes it if the last was long enough ago. Never throws: without it, more is done again. */
  save(key: CheckpointKey, checkpoint: HashCheckpoint): void;
  /** Writes what was saved last if it has not been. Never rejects. */
  settled(): Promise<void>;
  remove(): Promise<void>;
};

/** The checkpoints of one job. */
export type JobCheckpoints = Pick<Checkpoint, "settled" | "remove"> & {
  readonly of: (part: number) => Checkpoint;
};

/** How far hashing jobs are, kept where any process finds it. */
export class Checkpoints {
  readonly #objects: ObjectStore;
  readonly #clock: Clock;

  private constructor(objects: ObjectStore, clock: Clock) {
    this.#objects = objects;
    this.#clock = clock;
  }

  static async open(bus: Bus, clock: Clock): Promise<Checkpoints> {
    return new Checkpoints(await bus.objectStore(INGEST_CHECKPOINT_BUCKET), clock);
  }

  /** `parts` is the number of locations that are hashed one after the other. */
  of(job: string, parts: number): JobCheckpoints {
    const all = Array.from({ length: parts }, (_, part) => {
      return new StoredCheckpoint(this.#objects, this.#clock, part === 0 ? job : `${job}.${part}`);
    });
    return {
      of(part) {
        const checkpoint = all[part];
        assert(checkpoint !== undefined);
        return checkpoint;
      },
      async settled() {
        for (const each of all) await each.settled();
      },
      async remove() {
        for (const each of all) await each.remove();
      },
    };
  }
}

class StoredCheckpoint implements Checkpoint {
  readonly #objects: ObjectStore;
  readonly #clock: Clock;
  readonly #name: string;
  #nextAtMs: number;
  #unwritten: (() => Uint8Array) | null = null;
  #writing: Promise<void> | null = null;

  constructor(objects: ObjectStore, clock: Clock, name: string) {
    this.#objects = objects;
    this.#clock = clock;
    this.#name = name;
    this.#nextAtMs = clock.nowMs() + CHECKPOINT_INTERVAL_MS;
  }

  async load(key: CheckpointKey): Promise<HashCheckpoint | null> {
    const bytes = await this.#objects.get(this.#name);
    return bytes === null ? null : decode(bytes, key);
  }

  save(key: CheckpointKey, checkpoint: HashCheckpoint): void {
    this.#unwritten = () => encode(checkpoint, key);
    if (this.#writing === null && this.#clock.nowMs() >= this.#nextAtMs) void this.#write();
  }

  async settled(): Promise<void> {
    await this.#writing;
    await this.#write();
  }

  async remove(): Promise<void> {
    this.#unwritten = null;
    await this.#writing;
    await this.#objects.delete(this.#name);
  }

  #write(): Promise<void> {
    const encoded = this.#unwritten;
    this.#unwritten = null;
    if (encoded === null) return Promise.resolve();
    this.#writing = this.#put(encoded()).finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    const startedAtMs = this.#clock.nowMs();
    await this.#objects.put(this.#name, bytes).catch(() => {});
    const tookMs = this.#clock.nowMs() - startedAtMs;
    const restMs = Math.max(CHECKPOINT_INTERVAL_MS, tookMs / WRITING_SHARE_MAX);
    this.#nextAtMs = this.#clock.nowMs() + restMs;
  }
}

/** A line of JSON, then the hashes of each kind that the version has. */
function encode(checkpoint: HashCheckpoint, key: CheckpointKey): Uint8Array {
  const { pieceCount, pieceHashes, pieceRoots } = checkpoint;
  return Buffer.concat([
    Buffer.from(`${JSON.stringify({ ...key, pieceCount })}\n`),
    pieceHashes?.subarray(0, pieceCount * PIECE_HASH_BYTES) ?? Buffer.alloc(0),
    pieceRoots?.subarray(0, pieceCount * PIECE_ROOT_BYTES) ?? Buffer.alloc(0),
  ]);
}

/** Null for what is not whole, or of something else: then it is hashed from the start. */
function decode(bytes: Uint8Array, key: CheckpointKey): HashCheckpoint | null {
  const end = bytes.subarray(0, HEADER_BYTES_MAX).indexOf(LINE_FEED);
  const pieceCount = end < 0 ? null : pieceCountOf(bytes.subarray(0, end), key);
  if (pieceCount === null) return null;
  const v1Bytes = key.version === "v2" ? 0 : pieceCount * PIECE_HASH_BYTES;
  const v2Bytes = key.version === "v1" ? 0 : pieceCount * PIECE_ROOT_BYTES;
  const hashes = Uint8Array.from(bytes.subarray(end + 1));
  if (hashes.length !== v1Bytes + v2Bytes) return null;
  return {
    pieceCount,
    pieceHashes: key.version === "v2" ? null : hashes.subarray(0, v1Bytes),
    pieceRoots: key.version === "v1" ? null : hashes.subarray(v1Bytes),
  };
}

function pieceCountOf(header: Uint8Array, key: CheckpointKey): number | null {
  try {
    const { pieceCount, ...found } = JSON.parse(new TextDecoder().decode(header));
    const isOurs = Object.entries(key).every(([name, value]) => found[name] === value);
    return isOurs && Number.isSafeInteger(pieceCount) ? pieceCount : null;
  } catch {
    return null;
  }
}
