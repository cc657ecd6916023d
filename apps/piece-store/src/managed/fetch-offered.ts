import type { Bus } from "@seedfleet/bus";
import type { MemoryPool } from "@seedfleet/bytes";
import { offeredPieceCall, type PieceOffer } from "@seedfleet/contracts";
import { type Metainfo, pieceLengthAt } from "@seedfleet/metainfo";
import type { Clock } from "@seedfleet/runtime";
import { pieceVerifier } from "../scrub/piece-verifier.ts";
import { offerFailed } from "./errors.ts";

/** Whoever asked for the write gives up soon after; a trickle must not hold a place for long. */
export const OFFER_MS_MAX = 25_000;

export type FetchPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  /** Where the piece's memory is from, and may go back to once nobody needs it. */
  readonly memory: MemoryPool;
};

/**
 * Fetches a piece from the process that offers it, into memory of our own, and checks it as it
 * comes. Null where it is not the piece. Rejects with `offer-failed` where it is not given.
 */
export async function fetchOffered(
  { bus, clock, memory }: FetchPorts,
  { offer, process }: { readonly offer: PieceOffer; readonly process: string },
  metainfo: Metainfo,
): Promise<Uint8Array | null> {
  const { piece } = offer;
  const late = new AbortController();
  const cancelTimer = clock.after(OFFER_MS_MAX, () => late.abort());
  const { signal } = late;
  const verifier = pieceVerifier(metainfo, piece);
  const bytes = memory.take(pieceLengthAt(metainfo, piece));
  let receivedBytes = 0;
  try {
    for await (const chunk of bus.stream(offeredPieceCall, { process }, offer, { signal })) {
      if (receivedBytes + chunk.length > bytes.length) return null;
      bytes.set(chunk, receivedBytes);
      // What is judged is what will be written, whatever becomes of the chunk.
      verifier.push(bytes.subarray(receivedBytes, receivedBytes + chunk.length));
      receivedBytes += chunk.length;
      bus.recycle(chunk);
    }
  } catch (error) {
    throw offerFailed(offer, process, error);
  } finally {
    cancelTimer();
  }
  return verifier.isRight() ? bytes.subarray(0, receivedBytes) : null;
}
