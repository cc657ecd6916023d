import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import type { ListedRun } from "@seedfleet/content-fs";
import { type HashError, hashThreadDied } from "./errors.ts";
import type { UnitDigests, UnitShape } from "./unit-hasher.ts";
import { errorOf, type FromWorker, type ToWorker, type WorkerData } from "./worker-messages.ts";

export type StartWorker = (workerData: WorkerData) => Worker;

/** Without this process's own flags: what is for a `node -e` would not do for a file. */
export const startHashWorker: StartWorker = (workerData) =>
  new Worker(new URL("hash-worker.ts", import.meta.url), { workerData, execArgv: [] });

/** A unit that its thread reads by itself. */
export type UnitToRead = {
  readonly shape: UnitShape;
  readonly files: readonly ListedRun[];
  readonly cancelled: Int32Array;
  /** Told now and then, of a long unit. */
  readonly hashed: (hashedBytes: number) => void;
};

/** A unit whose bytes are pushed to its thread. Disposing ends it, done or not. */
export interface UnitFeed extends Disposable {
  /** Resolves once the bytes are hashed; until then they must stay as they are. */
  push(bytes: Uint8Array): Promise<void>;
  /** Resolves once all bytes were pushed. */
  readonly digests: Promise<UnitDigests>;
}

type UnitAtHand = {
  readonly isFed: boolean;
  readonly settle: PromiseWithResolvers<UnitDigests | null>;
  readonly hashed: (hashedBytes: number) => void;
  /** Those that were pushed and not hashed yet, in order. */
  readonly pushes: PromiseWithResolvers<void>[];
};

/**
 * One worker thread that hashes units, and what is at hand there. Keeps the process alive only
 * while that is something. When the thread ends for whatever reason, everything at hand is rejected
 * with `hash-thread-died`.
 */
export class HashThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #units = new Map<number, UnitAtHand>();
  #lastId = 0;
  #death: HashError | null = null;

  constructor(workerData: WorkerData, startWorker: StartWorker) {
    this.#worker = startWorker(workerData);
    this.#worker.unref();
    this.#worker.on("message", (message: FromWorker) => this.#told(message));
    this.#worker.on("error", (error) => this.#die(error));
    this.#worker.on("messageerror", (error) => this.#die(error));
    this.#worker.on("exit", (code) => this.#die(new Error(`it exited with code ${code}`)));
  }

  get isDead(): boolean {
    return this.#death !== null;
  }

  get unitCount(): number {
    return this.#units.size;
  }

  get readCount(): number {
    return this.unitCount - this.fedCount;
  }

  get fedCount(): number {
    return this.#units.values().reduce((count, { isFed }) => count + Number(isFed), 0);
  }

  /** Null when it was cancelled. Rejects with the errors of the content port. */
  hash({ shape, files, cancelled, hashed }: UnitToRead): Promise<UnitDigests | null> {
    const { id, unit } = this.#begin({ isFed: false, hashed });
    this.#tell({ kind: "hash", id, unit: shape, files, cancelled });
    return unit.settle.promise;
  }

  feed(shape: UnitShape): UnitFeed {
    const { id, unit } = this.#begin({ isFed: true, hashed: () => {} });
    this.#tell({ kind: "open", id, unit: shape });
    const digests = unit.settle.promise.then((done) => {
      assert(done !== null);
      return done;
    });
    // Whoever feeds it may have failed before it looks.
    digests.catch(() => {});
    return {
      digests,
      push: (bytes) => this.#push(id, bytes),
      [Symbol.dispose]: () => this.#drop(id),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #begin({ isFed, hashed }: Pick<UnitAtHand, "isFed" | "hashed">): {
    readonly id: number;
    readonly unit: UnitAtHand;
  } {
    const settle = Promise.withResolvers<UnitDigests | null>();
    const unit: UnitAtHand = { isFed, settle, hashed, pushes: [] };
    this.#lastId += 1;
    if (this.#death !== null) settle.reject(this.#death);
    else {
      this.#units.set(this.#lastId, unit);
      this.#worker.ref();
    }
    return { id: this.#lastId, unit };
  }

  #push(id: number, bytes: Uint8Array): Promise<void> {
    const pushed = Promise.withResolvers<void>();
    const unit = this.#units.get(id);
    if (unit === undefined) pushed.reject(this.#death ?? new Error("the unit is over"));
    else {
      unit.pushes.push(pushed);
      this.#tell({ kind: "push", id, bytes });
    }
    pushed.promise.catch(() => {});
    return pushed.promise;
  }

  #drop(id: number): void {
    if (!this.#units.has(id)) return;
    this.#end(id);
    this.#tell({ kind: "drop", id });
  }

  #tell(message: ToWorker): void {
    if (this.#death === null) this.#worker.postMessage(message);
  }

  #told(message: FromWorker): void {
    const unit = this.#units.get(message.id);
    if (unit === undefined) return;
    switch (message.kind) {
      case "hashed":
        unit.hashed(message.hashedBytes);
        return;
      case "pushed":
        unit.pushes.shift()?.resolve();
        return;
      case "done":
        unit.settle.resolve(message.digests);
        break;
      case "cancelled":
        unit.settle.resolve(null);
        break;
      case "failed":
        unit.settle.reject(errorOf(message.failure));
        break;
    }
    this.#end(message.id);
  }

  #end(id: number): void {
    this.#units.delete(id);
    if (this.#units.size === 0) this.#worker.unref();
  }

  #die(cause: unknown): void {
    if (this.#death !== null) return;
    const death = hashThreadDied(cause);
    this.#death = death;
    for (const { settle, pushes } of this.#units.values()) {
      for (const pushed of pushes) pushed.reject(death);
      settle.reject(death);
    }
    this.#units.clear();
  }
}
