import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Log } from "@seedfleet/telemetry";
import { HashThread } from "./hash-thread.ts";
import { PieceSeals, SEAL_KEY_BYTES } from "./piece-seals.ts";
import { type TakePiece, takePiece } from "./take-piece.ts";

/** On one core a thread that hashes beside the main thread only gets in its way. */
export const HASHES_BESIDE: boolean = availableParallelism() > 1;

/** How a process takes its pieces. */
export type Taking = {
  readonly seals: PieceSeals;
  readonly take: TakePiece;
  readonly stop: () => Promise<void>;
};

/** With a key of this process alone. */
export function openTaking(log: Log, { cacheBytes }: { readonly cacheBytes: number }): Taking {
  const sealKey = randomBytes(SEAL_KEY_BYTES);
  const seals = new PieceSeals(sealKey);
  if (!HASHES_BESIDE) return { seals, take: (piece) => takePiece(seals, piece), async stop() {} };
  const thread = new HashThread({ seals, log }, { sealKey, cacheBytes });
  return {
    seals,
    take: (piece) => thread.take(piece),
    stop: () => thread[Symbol.asyncDispose](),
  };
}
