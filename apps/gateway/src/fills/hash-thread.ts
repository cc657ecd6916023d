import { Worker } from "node:worker_threads";
import { errorMessage } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { FromHashWorker, HashWorkerStart, ToHashWorker } from "./hash-worker-messages.ts";
import type { PieceSeals } from "./piece-seals.ts";
import { type PieceToTake, takePiece } from "./take-piece.ts";

/** Of a shorter piece the message there and back costs too much beside its hash. */
export const HANDED_PIECE_BYTES_MIN: number = 256 * 1024;

/**
 * Beyond this much at hand there, this thread takes pieces itself, so that neither waits for the
 * other for long. It is some ten milliseconds of the thread's work.
 */
export const HANDED_BYTES_MAX: number = 16 * 1024 * 1024;

/** Of the cache: what is not yet of use must not push out what is. */
export const HANDED_SHARE_MAX: number = 1 / 16;

export type StartHashWorker = (start: HashWorkerStart) => Worker;

/** Without this process's own flags: what is for a `node -e` would not do for a file. */
const startHashWorker: StartHashWorker = (workerData) =>
  new Worker(new URL("hash-worker.ts", import.meta.url), { workerData, execArgv: [] });

type HashThreadPorts = {
  readonly seals: PieceSeals;
  readonly log: Log;
  readonly startWorker?: StartHashWorker;
};

export type HashThreadConfig = HashWorkerStart & { readonly cacheBytes: number };

type PieceAtHand = {
  readonly piece: PieceToTake;
  readonly settle: (seal: Uint8Array | null) => void;
};

/**
 * Takes pieces, by a thread beside this one where that is of use: where their memory is shared,
 * they are long enough and have to be hashed. It starts with the first such piece.
 *
 * While the thread has enough to do, and after it has ended for whatever reason, pieces are taken
 * here. So each is taken once, and what was at hand there when it ended is taken here anew.
 */
export class HashThread implements AsyncDisposable {
  readonly #ports: HashThreadPorts;
  readonly #start: HashWorkerStart;
  readonly #shareBytesMax: number;
  readonly #atHand = new Map<number, PieceAtHand>();
  #worker: Worker | null = null;
  #lastId = 0;
  #handedBytes = 0;
  #ended = false;
  #failure: unknown = null;

  constructor(ports: HashThreadPorts, { sealKey, cacheBytes }: HashThreadConfig) {
    this.#ports = ports;
    this.#start = { sealKey };
    this.#shareBytesMax = cacheBytes * HANDED_SHARE_MAX;
  }

  /** As `takePiece()`. Chunks and frames must stay as they are until it has resolved. */
  take(piece: PieceToTake): Uint8Array | null | Promise<Uint8Array | null> {
    return this.#isToHand(piece) ? this.#hand(piece) : takePiece(this.#ports.seals, piece);
  }

  /** What is at hand is taken nevertheless. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await this.#worker?.terminate();
  }

  #isToHand({ proof, chunks, framed, kept }: PieceToTake): boolean {
    const { lengthBytes } = proof;
    if (this.#ended || kept !== null || lengthBytes < HANDED_PIECE_BYTES_MIN) return false;
    // A long piece goes there alone.
    const bytesMax = Math.min(HANDED_BYTES_MAX, this.#shareBytesMax);
    const hasRoom = this.#handedBytes === 0 || this.#handedBytes + lengthBytes <= bytesMax;
    return (
      hasRoom && lengthBytes <= this.#shareBytesMax && [framed, ...(chunks ?? [])].every(isShared)
    );
  }

  #hand(piece: PieceToTake): Promise<Uint8Array | null> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | null>();
    this.#worker ??= this.#startWorker();
    this.#lastId += 1;
    this.#atHand.set(this.#lastId, { piece, settle: resolve });
    this.#handedBytes += piece.proof.lengthBytes;
    this.#worker.ref();
    const message: ToHashWorker = { id: this.#lastId, piece };
    this.#worker.postMessage(message);
    return promise;
  }

  #startWorker(): Worker {
    const { startWorker = startHashWorker } = this.#ports;
    const worker = startWorker(this.#start);
    worker.on("message", (answer: FromHashWorker) => this.#answered(answer));
    worker.on("error", (error) => {
      this.#failure = error;
    });
    worker.on("exit", () => this.#exited());
    return worker;
  }

  #answered({ id, seal }: FromHashWorker): void {
    const atHand = this.#atHand.get(id);
    if (atHand === undefined) return;
    this.#atHand.delete(id);
    this.#handedBytes -= atHand.piece.proof.lengthBytes;
    if (this.#atHand.size === 0) this.#worker?.unref();
    atHand.settle(seal);
  }

  /** Only now it surely writes to no frame any more. */
  #exited(): void {
    const { log, seals } = this.#ports;
    if (!this.#ended) {
      const reason = this.#failure === null ? "it exited" : errorMessage(this.#failure);
      log.error("the hash thread died, pieces are hashed by the main thread", { reason });
    }
    this.#ended = true;
    for (const { piece, settle } of this.#atHand.values()) settle(takePiece(seals, piece));
    this.#atHand.clear();
  }
}

function isShared({ buffer }: Uint8Array): boolean {
  return buffer instanceof SharedArrayBuffer;
}
