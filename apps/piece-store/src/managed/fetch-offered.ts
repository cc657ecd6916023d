import type { Bus } from "@seedfleet/bus";
import { offeredPieceCall, type PieceOffer } from "@seedfleet/contracts";
import { type Metainfo, pieceLengthAt } from "@seedfleet/metainfo";
import type { Clock } from "@seedfleet/runtime";
import { pieceVerifier } from "../scrub/piece-verifier.ts";
import { offerFailed } from "./errors.ts";
import { OfferedBytes } from "./offered-bytes.ts";

/** Whoever asked for the write gives up soon after; a trickle must not hold a place for long. */
export const OFFER_MS_MAX = 25_000;

/**
 * Fetches a piece from the process that offers it and checks it as it comes, in the memory in which
 * it comes; whoever gets it disposes it. Null where it is not the piece. Rejects with
 * `offer-failed` where it is not given.
 */
export async function fetchOffered(
  { bus, clock }: { readonly bus: Bus; readonly clock: Clock },
  { offer, process }: { readonly offer: PieceOffer; readonly process: string },
  metainfo: Metainfo,
): Promise<OfferedBytes | null> {
  const { piece } = offer;
  const late = new AbortController();
  const cancelTimer = clock.after(OFFER_MS_MAX, () => late.abort());
  const { signal } = late;
  const verifier = pieceVerifier(metainfo, piece);
  using fetched = new DisposableStack();
  const recycle = (chunk: Uint8Array): void => bus.recycle(chunk);
  const bytes = fetched.use(new OfferedBytes(pieceLengthAt(metainfo, piece), recycle));
  try {
    const arriving = (part: Uint8Array): void => verifier.push(part);
    const options = { signal, arriving };
    for await (const chunk of bus.stream(offeredPieceCall, { process }, offer, options)) {
      if (!bytes.push(chunk)) return null;
    }
  } catch (error) {
    throw offerFailed(offer, process, error);
  } finally {
    cancelTimer();
  }
  if (!verifier.isRight()) return null;
  fetched.move();
  return bytes;
}
