import assert from "node:assert/strict";
import { parentPort, workerData } from "node:worker_threads";
import { UnitHasher } from "./unit-hasher.ts";
import { UnitReader } from "./unit-reader.ts";
import { type FromWorker, failureOf, type ToWorker, type WorkerData } from "./worker-messages.ts";

/** Longer units tell in between how far they are. */
const PROGRESS_BYTES: number = 32 * 1024 * 1024;

/**
 * A hash thread (`HashThread` is its other end). Units that it reads itself are done one after the
 * other; bytes that are pushed are hashed when they come, between two of those at the latest.
 *
 * An error that is no failure of the world ends the thread.
 */
assert(parentPort !== null);
const port = parentPort;
const { bufferBytes } = workerData as WorkerData;
const reader = new UnitReader(bufferBytes);
const open = new Map<number, UnitHasher>();
let reading: Promise<void> = Promise.resolve();

port.on("message", (message: ToWorker) => {
  switch (message.kind) {
    case "hash":
      reading = reading.then(() => hash(message));
      break;
    case "open":
      openUnit(message);
      break;
    case "push":
      push(message);
      break;
    case "drop":
      open.delete(message.id);
      break;
  }
});

async function hash({ id, unit, files, cancelled }: ToWorker & { kind: "hash" }): Promise<void> {
  const isCancelled = (): boolean => Atomics.load(cancelled, 0) !== 0;
  const hasher = new UnitHasher(unit);
  let hashedBytes = 0;
  let toldBytes = 0;
  const take = (bytes: Uint8Array): void => {
    hasher.push(bytes);
    hashedBytes += bytes.length;
    if (hashedBytes - toldBytes < PROGRESS_BYTES || hasher.isDone) return;
    toldBytes = hashedBytes;
    tell({ kind: "hashed", id, hashedBytes });
  };
  try {
    if (!isCancelled()) await reader.read(files, take, isCancelled);
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    tell({ kind: "failed", id, failure });
    return;
  }
  if (isCancelled()) tell({ kind: "cancelled", id });
  else done(id, hasher);
}

function openUnit({ id, unit }: ToWorker & { kind: "open" }): void {
  const hasher = new UnitHasher(unit);
  if (hasher.isDone) done(id, hasher);
  else open.set(id, hasher);
}

function push({ id, bytes }: ToWorker & { kind: "push" }): void {
  const hasher = open.get(id);
  hasher?.push(bytes);
  tell({ kind: "pushed", id });
  if (hasher?.isDone !== true) return;
  open.delete(id);
  done(id, hasher);
}

function done(id: number, hasher: UnitHasher): void {
  tell({ kind: "done", id, digests: hasher.digests() });
}

function tell(message: FromWorker): void {
  port.postMessage(message);
}
