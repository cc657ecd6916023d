import type { Bus, Subscription } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import { offeredPieceCall, writePieceCall } from "@seedfleet/contracts";
import { SeedfleetError } from "@seedfleet/runtime";
import { storeCode, storeReason } from "../fills/store-code.ts";
import type { CountWrite } from "./download-metrics.ts";

/**
 * Pieces of this gateway that stores have at hand at once: as many as one store takes. A piece that
 * waits here is out of the processor's cache by the time that it is hashed, which then takes half
 * as long again; a store hashes it first and has it wait for the disk.
 */
export const WRITES_AT_ONCE_MAX = 64;

/** A part of a piece as it goes to a store; the bus's own limit may be lower. */
const CHUNK_BYTES_MAX: number = 1024 * 1024;

/** The store cannot take it; it may be tried again. */
export type NotNow = { readonly kind: "not-now"; readonly code: string; readonly reason: string };

/** What came of a piece that a store was given. */
export type WriteOutcome = { readonly kind: "verified" } | { readonly kind: "corrupt" } | NotNow;

type Offer = { readonly infoHash: InfoHash; readonly piece: number; readonly bytes: Uint8Array };

/**
 * Gives downloaded pieces to the piece-store that keeps them: offers each, and the store fetches
 * it, checks its hash and writes it (ADR 7).
 */
export class PieceWrites implements Disposable {
  readonly #bus: Bus;
  readonly #gateway: string;
  readonly #count: CountWrite;
  readonly #offers = new Map<string, Offer>();
  readonly #waiting: (() => void)[] = [];
  readonly #subscription: Subscription;
  #underWay = 0;

  constructor({ bus, count }: { readonly bus: Bus; readonly count: CountWrite }, gateway: string) {
    this.#bus = bus;
    this.#count = count;
    this.#gateway = gateway;
    this.#subscription = bus.serveStream(
      offeredPieceCall,
      { params: { process: gateway } },
      ({ infoHash, piece }) => this.#give(infoHash, piece),
    );
  }

  /** Never rejects. The bytes must stay as they are until it resolves. */
  async write(holder: string, offer: Offer): Promise<WriteOutcome> {
    const outcome = await this.#write(holder, offer);
    this.#count(outcome.kind);
    return outcome;
  }

  async #write(holder: string, offer: Offer): Promise<WriteOutcome> {
    const { infoHash, piece } = offer;
    const key = keyOf(infoHash, piece);
    await this.#place();
    this.#offers.set(key, offer);
    try {
      const request = { infoHash, piece, offeredBy: this.#gateway };
      const { outcome } = await this.#bus.call(writePieceCall, { holder }, request);
      return { kind: outcome };
    } catch (error) {
      return { kind: "not-now", code: storeCode(error), reason: storeReason(error) };
    } finally {
      this.#offers.delete(key);
      this.#underWay -= 1;
      this.#waiting.shift()?.();
    }
  }

  [Symbol.dispose](): void {
    this.#subscription.unsubscribe();
  }

  async #place(): Promise<void> {
    if (this.#underWay >= WRITES_AT_ONCE_MAX) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#underWay += 1;
  }

  *#give(infoHash: InfoHash, piece: number): Generator<Uint8Array, void, void> {
    const offer = this.#offers.get(keyOf(infoHash, piece));
    if (offer === undefined) {
      const message = `piece ${piece} of ${infoHash} is not offered by this gateway any more`;
      throw new SeedfleetError(message, { code: "offer-withdrawn", infoHash, piece });
    }
    const chunkBytes = Math.min(CHUNK_BYTES_MAX, this.#bus.payloadBytesMax);
    for (let at = 0; at < offer.bytes.length; at += chunkBytes) {
      yield offer.bytes.subarray(at, at + chunkBytes);
    }
  }
}

function keyOf(infoHash: InfoHash, piece: number): string {
  return `${infoHash} ${piece}`;
}
