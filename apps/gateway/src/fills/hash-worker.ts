import assert from "node:assert/strict";
import { parentPort, workerData } from "node:worker_threads";
import type { FromHashWorker, HashWorkerStart, ToHashWorker } from "./hash-worker-messages.ts";
import { PieceSeals } from "./piece-seals.ts";
import { takePiece } from "./take-piece.ts";

/** The hash thread (`HashThread` is its other end): takes pieces one after the other. */
assert(parentPort !== null);
const port = parentPort;
const seals = new PieceSeals((workerData as HashWorkerStart).sealKey);

port.on("message", ({ id, piece }: ToHashWorker) => {
  const answer: FromHashWorker = { id, seal: takePiece(seals, piece) };
  port.postMessage(answer);
});
